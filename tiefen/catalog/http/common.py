"""What the routes of several chapters take."""

from typing import Annotated

from fastapi import Depends, Path, Query

from tiefen.kernel.auth import StaffActor, staff
from tiefen.team.values import Permission

Reader = Annotated[StaffActor, Depends(staff(Permission.GOODS_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.GOODS_WRITE))]
IdPath = Annotated[int, Path(ge=1, le=2**63 - 1)]
IdQuery = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
Words = Annotated[str, Query(max_length=60)]
