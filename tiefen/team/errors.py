"""Refusals of the team room."""

from tiefen.kernel.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthorised


class SignInRefused(Unauthorised):
    """Unknown account, wrong password and switched-off account: one answer for all three."""

    code = "team.sign_in_refused"
    zh = "账号或密码不正确"
    en = "The account or the password is not right"


class TotpRequired(Unauthorised):
    """The password is right; the account also asks for a code."""

    code = "team.totp_required"
    zh = "请输入验证器上的 6 位动态码"
    en = "Enter the six-digit code of your authenticator"


class TotpRefused(Unauthorised):
    """The code is wrong, too old, or was used before."""

    code = "team.totp_refused"
    zh = "动态码不正确或已用过，请等下一个"
    en = "The code is wrong or was used already; wait for the next one"


class SignInTooOften(TooMany):
    """Too many tries for this account from this address."""

    code = "team.sign_in_too_often"
    zh = "尝试次数过多，请 {retry_after} 秒后再试"
    en = "Too many tries; wait {retry_after} seconds"


class PasswordWeak(Invalid):
    """The new password is too short, too common or contains the account."""

    code = "team.password_weak"
    zh = "密码至少 10 位，不能是常见密码，也不能包含账号"
    en = "Use at least 10 characters, not a common password, and not your account name"


class PasswordWrong(Invalid):
    """The current password, asked for again, does not match."""

    code = "team.password_wrong"
    zh = "当前密码不正确"
    en = "The current password is not right"


class TotpNotStarted(Conflict):
    """A code was sent to confirm, but no secret is waiting."""

    code = "team.totp_not_started"
    zh = "请先开始绑定验证器"
    en = "Start setting up the authenticator first"


class TotpAlreadyOn(Conflict):
    """Two-step sign-in is on already."""

    code = "team.totp_already_on"
    zh = "两步验证已开启，如需更换请先关闭"
    en = "Two-step sign-in is on already; switch it off to change the device"


class StaffMissing(NotFound):
    """No such member of staff."""

    code = "team.staff_missing"
    zh = "没有找到这位员工"
    en = "No such member of staff"


class RoleMissing(NotFound):
    """No such role."""

    code = "team.role_missing"
    zh = "没有找到这个角色"
    en = "No such role"


class ApiKeyMissing(NotFound):
    """No such API key."""

    code = "team.api_key_missing"
    zh = "没有找到这个密钥"
    en = "No such API key"


class AccountTaken(Conflict):
    """Another member of staff uses the account."""

    code = "team.account_taken"
    zh = "账号“{account}”已被使用"
    en = "The account “{account}” is taken"


class RoleNameTaken(Conflict):
    """Another role has the name."""

    code = "team.role_name_taken"
    zh = "角色“{name}”已存在"
    en = "There is a role “{name}” already"


class RoleInUse(Conflict):
    """A role that people hold cannot be deleted."""

    code = "team.role_in_use"
    zh = "还有 {count} 位员工使用这个角色，请先为他们更换角色"
    en = "{count} members of staff hold this role; give them another one first"


class RoleFixed(Conflict):
    """The owner role is built in."""

    code = "team.role_fixed"
    zh = "“店主”是内置角色，不能修改或删除"
    en = "The owner role is built in and cannot be changed or deleted"


class LastOwner(Conflict):
    """Somebody must be able to let the others in."""

    code = "team.last_owner"
    zh = "至少保留一位在职的店主，请先把店主交给别人"
    en = "At least one active owner must remain; make somebody else an owner first"


class BeyondYourself(Forbidden):
    """Nobody grants, or takes from somebody, what they do not hold themselves."""

    code = "team.beyond_yourself"
    zh = "不能授予或管理超出自己权限的内容：{needs}"
    en = "You cannot grant or manage more than you hold: {needs}"


class WechatUnknown(Unauthorised):
    """No member of staff is bound to this WeChat account."""

    code = "team.wechat_unknown"
    zh = "这个微信还没有绑定员工，请用账号密码登录一次，再绑定"
    en = "This WeChat account is bound to nobody yet: sign in with your password once, then bind it"


class WechatTaken(Conflict):
    """The WeChat account already belongs to another member of staff."""

    code = "team.wechat_taken"
    zh = "这个微信已绑定其他员工"
    en = "This WeChat account is bound to another member of staff"


class BindCodeMissing(NotFound):
    """The binding code is unknown, used or expired."""

    code = "team.bind_code_missing"
    zh = "绑定码不存在或已过期，请重新生成"
    en = "The binding code does not exist or has expired; make a new one"


class NotByKey(Forbidden):
    """An API key is nobody: it has no account of its own and makes no keys."""

    code = "team.not_by_key"
    zh = "API 密钥不能执行这个操作，请用员工账号登录"
    en = "An API key cannot do this; sign in as a person"
