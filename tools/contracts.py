"""Our own import contract: a room is entered by its doors only."""

from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class RoomDoors(Contract):
    """An import from one room into another must end in a door (`service`, `events`, …).

    `open` rooms may be entered anywhere; `roots` may enter anywhere.
    """

    container = fields.StringField()
    doors = fields.ListField(subfield=fields.StringField())
    open = fields.ListField(subfield=fields.StringField())
    roots = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Walk all imports once."""
        doors, free, roots = _names(self.doors), _names(self.open), _names(self.roots)
        prefix = f"{self.container}."
        broken = []
        for importer in sorted(module for module in graph.modules if module.startswith(prefix)):
            room = importer.removeprefix(prefix).split(".")[0]
            if room in roots:
                continue
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                if not imported.startswith(prefix):
                    continue
                other, *inside = imported.removeprefix(prefix).split(".")
                if other == room or other in free:
                    continue
                if not inside or inside[0] not in doors:
                    broken.append((importer, imported))
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import that climbs through a window."""
        for importer, imported in check.metadata["broken"]:
            output.print_error(f"{importer} -> {imported} is not a door")
            output.new_line()


def _names(field: Any) -> set[str]:
    """The names in a list setting, which is a list of comma-separated texts at run time."""
    return {name for text in field for name in text.replace(" ", "").split(",")}
