export function checkFirstLoad(root: string): { problems: string[]; facts: string; kb: number }
