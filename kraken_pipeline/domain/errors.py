"""Every error of ours, told apart by what the caller may do next.

PipelineError
├── ConfigurationError       a person mends the configuration; nothing was done
│   ├── KeyMissingError        … no API key is given, or what keeps it is locked
│   ├── KeyMalformedError      … what is given as a key can never be one
│   └── WrongPasswordError     … the key file does not open with this password
├── InvalidValueError        fix the value; nothing was done
│   └── UnknownNameError       … it names nothing that we know
├── ImpossibleFactError      books and exchange disagree: halt, call a person
│   └── OverfillError          … more filled than was ordered
├── DataStaleError           what is to be judged is too old: leave this close, count the others
├── StrategyFaultError       a strategy went wrong: it decides nothing, count the others
├── RefusedError             our own safety said no; nothing was done
├── LeaseLostError           another process sends now: stop, leave the rest
├── ConflictError            another writer was first: read again, decide again
├── StorageError             what must be kept cannot be: nothing was done, open nothing
└── ExchangeError
    ├── UnreachableError       nothing was done: may be tried again
    │   ├── NonceRefusedError    … once: another call of the key went ahead
    │   └── RateLimitedError     … after a pause
    │       └── BlockedError       … a long one: what stands before the exchange keeps us out
    ├── OrderRefusedError      the exchange said no: final for this order
    │   ├── ModeRefusedError     … while the market is in this mode
    │   └── FundsRefusedError    … for want of funds: read the balances again
    ├── AuthError              the key was refused: never retry, call a person
    │   ├── LockedOutError       … and it is locked: nothing of it for a quarter of an hour
    │   └── KeySharedError       … as another program uses it: give each its own
    ├── OutcomeUnknownError    it may have been done: settle it, never send it again
    └── UnexpectedReplyError   we cannot read the answer: after a write, unknown
"""

from datetime import datetime, timedelta


class PipelineError(Exception):
    """Whatever this package raises on purpose."""


class ConfigurationError(PipelineError):
    """A setting, a folder or a variable is wrong; the message names it and the remedy."""


class KeyMissingError(ConfigurationError):
    """There is no API key to use, or no password for the file that keeps it."""


class KeyMalformedError(ConfigurationError):
    """An API key or its secret is not of the form that the exchange hands out: it never signs."""


class WrongPasswordError(ConfigurationError):
    """The file that keeps the API keys does not open with the password that was given."""


class InvalidValueError(PipelineError):
    """A value breaks a rule. Nothing was done."""


class UnknownNameError(InvalidValueError):
    """An asset, a pair or a timeframe that is in no table of ours."""


class ImpossibleFactError(PipelineError):
    """Something was heard that cannot be true beside what the books say."""


class OverfillError(ImpossibleFactError):
    """More was traded than was ordered."""


class DataStaleError(PipelineError):
    """What a strategy is shown is too old, or too thin, to decide on.

    A strategy raises it in `decide` to skip the timeframe for this close; the message says what it
    lacks. The skip is recorded with these words, nothing is tried again for the close, and every
    other strategy and timeframe counts.
    """


class StrategyFaultError(PipelineError):
    """A strategy raised, took too long or too much, or said what it may not: its close is lost."""


class RefusedError(PipelineError):
    """A gate of ours is closed. The message names the gate."""


class LeaseLostError(PipelineError):
    """The lease that allows sending is held by another process, or ran out."""


class ConflictError(PipelineError):
    """Another writer changed the row first."""


class StorageError(PipelineError):
    """What must be written down cannot be, or cannot be read: a full disk, a damaged file."""


class ExchangeError(PipelineError):
    """A call to the exchange did not give what was asked."""


class UnreachableError(ExchangeError):
    """The exchange did not do it. The same request may be made again."""


class NonceRefusedError(UnreachableError):
    """The exchange refused the nonce of a request, and so the request."""


class RateLimitedError(UnreachableError):
    """The exchange did not do it because we asked too often, or would have. Wait first."""

    def __init__(
        self,
        message: str,
        *,
        wait: timedelta | None = None,
        retry_at: datetime | None = None,
    ) -> None:
        """Say what happened and, where it is known, for how long to wait.

        Args:
            message: what was asked too often.
            wait: from now on, by our own count.
            retry_at: by the exchange's clock, where it named an instant.
        """
        super().__init__(message)
        self.wait = wait
        self.retry_at = retry_at


class BlockedError(RateLimitedError):
    """What stands before the exchange turned us away: asking again soon prolongs it."""


class OrderRefusedError(ExchangeError):
    """The exchange refused the order. It will not exist."""


class ModeRefusedError(OrderRefusedError):
    """The exchange refused the order in the mode that the market is in now."""


class AuthError(ExchangeError):
    """The exchange refused the key or the signature."""


class FundsRefusedError(OrderRefusedError):
    """The exchange refused the order as the account has not what it needs."""


class LockedOutError(AuthError):
    """The key is locked for a while, and each further call prolongs that."""


class KeySharedError(AuthError):
    """Another program uses the same key. What was asked for was not done."""


class OutcomeUnknownError(ExchangeError):
    """The exchange may or may not have done it."""


class UnexpectedReplyError(ExchangeError):
    """The exchange answered something that we cannot read."""
