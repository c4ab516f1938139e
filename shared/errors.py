"""What can be refused, in words for people (Chinese first) and a code for machines. No I/O; the HTTP edge turns them into problem+json."""

from collections.abc import Iterable


class Refused(Exception):
    """A request that cannot be granted. `detail` says why without repeating personal data; `fields` names what is wrong where."""

    status = 400
    code = "refused"
    zh = "请求无法办理"
    en = "Refused"
    wait = 2
    """Seconds until the same may be asked again, of what is refused for a while (429, 503)."""

    def __init__(self, detail: str = "", *, fields: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__(detail or self.en)
        self.detail = detail
        self.fields = tuple(fields)

    @property
    def title(self) -> str:
        """Chinese first, English second."""
        return f"{self.zh} / {self.en}"


class Malformed(Refused):
    """The request cannot be read at all."""

    code, zh, en = "malformed", "请求格式有误", "Malformed request"


class Unauthenticated(Refused):
    """No valid token."""

    status, code, zh, en = 401, "unauthenticated", "未登录或凭证无效", "Not signed in"


class Forbidden(Refused):
    """Signed in, but this is not for the caller."""

    status, code, zh, en = 403, "forbidden", "无权办理", "Not permitted"


class NotFound(Refused):
    """There is no such thing, or none that the caller may know of."""

    status, code, zh, en = 404, "not-found", "未找到", "Not found"


class NotAllowed(Refused):
    """The state machine has no such step from here."""

    status, code, zh, en = 409, "not-allowed", "当前状态不允许该操作", "Not allowed in this state"


class Conflict(Refused):
    """Someone else changed it meanwhile."""

    status, code, zh, en = 409, "conflict", "内容已被他人更新", "Changed by someone else"


class Registered(Conflict):
    """It exists already; trying again changes nothing."""

    code, zh, en = "registered", "已登记", "Registered already"


class TooLarge(Refused):
    """More bytes than are taken."""

    status, code, zh, en = 413, "too-large", "内容过大", "Too large"


class Invalid(Refused):
    """Understood, but a value is wrong."""

    status, code, zh, en = 422, "invalid", "内容不符合要求", "Invalid content"


class Unavailable(Refused):
    """A part that is needed does not answer now; trying again later is right."""

    status, code, zh, en = 503, "unavailable", "服务暂时不可用,请稍后重试", "Temporarily unavailable"


class Busy(Unavailable):
    """All that is needed is there, but in use; trying again later is right."""

    code, zh, en = "busy", "系统繁忙,请稍后重试", "Busy, try again later"


class NotYet(Exception):
    """A handler lacks what arrives on another topic: hold the event until (topic, subject) has applied `sequence`. Raised before the
    handler has written anything: what others of the same batch have done stays."""

    def __init__(self, topic: str, subject: str, sequence: int) -> None:
        super().__init__(f"{topic}/{subject} {sequence}")
        self.topic, self.subject, self.sequence = topic, subject, sequence


class NeedsOperator(Exception):
    """Going on by itself could lose or double something; a person has to decide. The text is for the operator."""
