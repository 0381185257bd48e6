export function filesUnder(folder: string): string[]
export function checkPackage(root: string): { problems: string[]; facts: string }
