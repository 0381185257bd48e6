"""Routes of the team room: sign-in, one's own login, staff, roles, keys, the audit log."""

from datetime import datetime
from typing import Annotated, Any

import segno
from fastapi import Depends, Query, Request, Response

from tiefen.kernel.auth import STAFF_COOKIE, StaffActor, anyone, staff, token_of
from tiefen.kernel.http import (
    OK,
    REFUSALS,
    Cursor,
    DbDep,
    Limit,
    MerchantDep,
    Ok,
    Page,
    PathId,
    QueryId,
    TxDep,
    last_id,
    paged,
)
from tiefen.kernel.routing import Routes
from tiefen.team import queries, service
from tiefen.team.errors import NotByKey
from tiefen.team.schemas import (
    ApiKeyIn,
    ApiKeyMade,
    ApiKeyOut,
    AuditOut,
    Me,
    MePatch,
    PasswordChange,
    PasswordReset,
    RecoveryCodes,
    RoleBrief,
    RoleIn,
    RoleOut,
    SignIn,
    StaffCreate,
    StaffOut,
    StaffPatch,
    TotpConfirm,
    TotpRemove,
    TotpSetup,
)
from tiefen.team.values import SESSION_LIFE, Permission

router = Routes(prefix="/api/console", tags=["team"], responses=REFUSALS)

Anybody = Annotated[StaffActor, Depends(staff())]
Reader = Annotated[StaffActor, Depends(staff(Permission.TEAM_READ))]
Writer = Annotated[StaffActor, Depends(staff(Permission.TEAM_WRITE))]


@router.post("/session", operation_id="signIn", dependencies=[Depends(anyone())])
async def sign_in(
    body: SignIn, request: Request, response: Response, db: DbDep, merchant: MerchantDep
) -> Ok:
    """Sign in; sets the staff cookie. An unknown account and a wrong password answer alike."""
    token = await service.sign_in(
        db,
        merchant,
        account=body.account,
        password=body.password,
        totp=body.totp,
        ip=request.client.host if request.client else "",
    )
    response.set_cookie(
        STAFF_COOKIE,
        token,
        max_age=int(SESSION_LIFE.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )
    return OK


@router.delete("/session", operation_id="signOut")
async def sign_out(request: Request, response: Response, tx: TxDep, _: Anybody) -> Ok:
    """End the session and drop the cookie; safe to repeat."""
    token = token_of(request)
    if token:
        await service.sign_out(tx, token)
    response.delete_cookie(STAFF_COOKIE, path="/")
    return OK


@router.get("/me", operation_id="getMe")
async def me(tx: TxDep, actor: Anybody) -> Me:
    """Who is signed in, and what they may do."""
    return await _me(tx, actor)


@router.patch("/me", operation_id="editMe")
async def edit_me(body: MePatch, tx: TxDep, actor: Anybody) -> Me:
    """Change one's own name or notices."""
    await service.edit_me(tx, actor, name=body.name, order_push=body.order_push)
    await tx.flush()
    return await _me(tx, actor)


@router.post("/me/password", operation_id="changePassword")
async def change_password(body: PasswordChange, request: Request, tx: TxDep, actor: Anybody) -> Ok:
    """Change one's own password; other sessions end."""
    await service.change_password(
        tx, actor, current=body.current, new=body.new, token=token_of(request) or ""
    )
    return OK


@router.post("/me/totp", operation_id="startTotp")
async def start_totp(tx: TxDep, actor: Anybody) -> TotpSetup:
    """A secret for the authenticator; confirm it to switch the second step on."""
    secret, uri = await service.start_totp(tx, actor, await queries.merchant_name(tx))
    image = segno.make(uri, error="m").svg_data_uri(scale=4, border=2)
    return TotpSetup(secret=secret, uri=uri, image=image)


@router.post("/me/totp/confirm", operation_id="confirmTotp")
async def confirm_totp(body: TotpConfirm, tx: TxDep, actor: Anybody) -> RecoveryCodes:
    """Switch the second step on; the recovery codes are shown once."""
    return RecoveryCodes(codes=await service.confirm_totp(tx, actor, body.code))


@router.delete("/me/totp", operation_id="removeTotp")
async def remove_totp(body: TotpRemove, tx: TxDep, actor: Anybody) -> Ok:
    """Switch one's own second step off."""
    await service.remove_totp(tx, actor, body.password)
    return OK


@router.delete("/me/wechat", operation_id="unbindMyWechat")
async def unbind_wechat(tx: TxDep, actor: Anybody) -> Ok:
    """Stop notices to one's WeChat account."""
    await service.unbind_wechat(tx, actor)
    return OK


@router.get("/staff", operation_id="listStaff")
async def list_staff(
    tx: TxDep,
    _: Reader,
    active: bool | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[StaffOut]:
    """Staff by age of the account."""
    lines = await queries.staff_list(tx, after=last_id(cursor), limit=limit, active=active)
    return paged([StaffOut.model_validate(line) for line in lines], lines, limit)


@router.post("/staff", operation_id="createStaff", status_code=201)
async def create_staff(body: StaffCreate, tx: TxDep, actor: Writer) -> StaffOut:
    """A new login."""
    made = await service.add_staff(tx, actor, **body.model_dump())
    await tx.flush()
    return StaffOut.model_validate(await queries.one_staff(tx, made))


@router.get("/staff/{staff_id}", operation_id="getStaff")
async def get_staff(staff_id: PathId, tx: TxDep, _: Reader) -> StaffOut:
    """One member of staff."""
    return StaffOut.model_validate(await queries.one_staff(tx, staff_id))


@router.patch("/staff/{staff_id}", operation_id="editStaff")
async def edit_staff(staff_id: PathId, body: StaffPatch, tx: TxDep, actor: Writer) -> StaffOut:
    """Change a member of staff; switching off ends their sessions."""
    await service.edit_staff(tx, actor, staff_id, **body.model_dump(exclude_unset=True))
    await tx.flush()
    return StaffOut.model_validate(await queries.one_staff(tx, staff_id))


@router.post("/staff/{staff_id}/password", operation_id="resetStaffPassword")
async def reset_password(staff_id: PathId, body: PasswordReset, tx: TxDep, actor: Writer) -> Ok:
    """Give somebody a new password."""
    await service.reset_password(tx, actor, staff_id, body.password)
    return OK


@router.delete("/staff/{staff_id}/totp", operation_id="resetStaffTotp")
async def reset_totp(staff_id: PathId, tx: TxDep, actor: Writer) -> Ok:
    """Switch somebody's second step off, for a lost phone."""
    await service.reset_totp(tx, actor, staff_id)
    return OK


@router.get("/roles", operation_id="listRoles")
async def list_roles(tx: TxDep, _: Reader) -> Page[RoleOut]:
    """All roles."""
    found = [RoleOut.model_validate(_role(row)) for row in await queries.roles(tx)]
    return Page[RoleOut](items=found, next=None)


@router.post("/roles", operation_id="createRole", status_code=201)
async def create_role(body: RoleIn, tx: TxDep, actor: Writer) -> RoleOut:
    """A new role."""
    made = await service.add_role(tx, actor, name=body.name, permissions=body.permissions)
    return await _one_role(tx, made)


@router.put("/roles/{role_id}", operation_id="editRole")
async def edit_role(role_id: PathId, body: RoleIn, tx: TxDep, actor: Writer) -> RoleOut:
    """Replace a role."""
    await service.edit_role(tx, actor, role_id, name=body.name, permissions=body.permissions)
    await tx.flush()
    return await _one_role(tx, role_id)


@router.delete("/roles/{role_id}", operation_id="deleteRole")
async def delete_role(role_id: PathId, tx: TxDep, actor: Writer) -> Ok:
    """Delete a role nobody holds."""
    await service.delete_role(tx, actor, role_id)
    return OK


@router.get("/api-keys", operation_id="listApiKeys")
async def list_api_keys(tx: TxDep, _: Reader) -> Page[ApiKeyOut]:
    """API keys, newest first."""
    found = [
        ApiKeyOut.model_validate(
            {**{k: v for k, v in vars(key).items() if k[0] != "_"}, "created_by_name": name}
        )
        for key, name in await queries.api_keys(tx)
    ]
    return Page[ApiKeyOut](items=found, next=None)


@router.post("/api-keys", operation_id="createApiKey", status_code=201)
async def create_api_key(body: ApiKeyIn, tx: TxDep, actor: Writer) -> ApiKeyMade:
    """A key for a program; shown once."""
    made, key = await service.make_api_key(
        tx, actor, name=body.name, permissions=body.permissions, days=body.days
    )
    return ApiKeyMade(id=made, key=key)


@router.delete("/api-keys/{key_id}", operation_id="revokeApiKey")
async def revoke_api_key(key_id: PathId, tx: TxDep, actor: Writer) -> Ok:
    """Make a key useless at once."""
    await service.revoke_api_key(tx, actor, key_id)
    return OK


@router.get("/audit", operation_id="listAudit")
async def list_audit(
    tx: TxDep,
    _: Reader,
    action: Annotated[str | None, Query(max_length=80)] = None,
    target: Annotated[str | None, Query(max_length=120)] = None,
    actor_id: QueryId = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AuditOut]:
    """Who did what, newest first."""
    rows = await queries.audit_log(
        tx, before_seq=last_id(cursor), limit=limit, action=action, target=target, actor_id=actor_id
    )
    items = [AuditOut.model_validate(_audit(row)) for row in rows]
    return paged(items, rows, limit, lambda row: (row["seq"],))


async def _me(tx: TxDep, actor: StaffActor) -> Me:
    if not actor.id:
        raise NotByKey(needs="staff")
    line = await queries.one_staff(tx, actor.id)
    return Me(
        id=line.id,
        account=line.account,
        name=line.name,
        department=line.department,
        permissions=sorted(Permission(value) for value in actor.permissions),
        roles=[RoleBrief.model_validate(role) for role in line.roles],
        totp=line.totp,
        wechat_bound=line.wechat_bound,
        order_push=line.order_push,
        merchant=tx.merchant,
        merchant_name=await queries.merchant_name(tx),
    )


async def _one_role(tx: TxDep, role_id: int) -> RoleOut:
    row = next(role for role in await queries.roles(tx) if role.id == role_id)
    return RoleOut.model_validate(_role(row))


def _role(row: queries.RoleRow) -> dict[str, Any]:
    held = list(Permission) if row.owner else row.permissions
    return {
        "id": row.id,
        "name": row.name,
        "owner": row.owner,
        "permissions": held,
        "staff": row.staff,
    }


def _audit(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "at": datetime.fromisoformat(row["at"])}
