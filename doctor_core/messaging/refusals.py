"""What a broker refuses for good."""

from doctor_core import wire

#: Of AMQP: a wrong user or password, a virtual host that there is not.
_WHO = frozenset({403, 530})
#: Of AMQP: a queue or exchange is there, and was declared otherwise.
_HOW = 406


def of_who(error: BaseException, option: str) -> str:
    """That the broker does not take user, password or virtual host, in one
    line; empty when an error does not say so.

    :param option: where the URL was written.
    """
    said = _said(error, _WHO)
    return f'{option}: the broker refuses it: {said}' if said else ''


def of_any(error: BaseException, option: str) -> str:
    """The same; or that a queue or exchange of ours is not as we would have
    it.
    """
    said = _said(error, {_HOW})
    return (f'{option}: the broker has it with other arguments than our '
            'options of oslo.messaging say, see "RabbitMQ and lost '
            f'messages": {said}') if said else of_who(error, option)


def _said(error: BaseException | None, codes: frozenset[int] | set[int]
          ) -> str:
    while error is not None:
        if getattr(error, 'reply_code', 0) in codes:
            return wire.in_short(error)
        error = error.__cause__ or error.__context__
    return ''
