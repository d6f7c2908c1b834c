"""Situations a user can mend: each has a name, one plain sentence and an exit code of its own."""

from __future__ import annotations


class Situation(Exception):
    """Something the user can mend. ``str(situation)`` is one plain sentence that says what to do."""

    exit_code = 1


class WrongUse(Situation):
    """The command or a value given to it cannot be meant."""

    exit_code = 2


class DataFault(Situation):
    """The data folder cannot be used as it is."""

    exit_code = 3


class MissingTable(DataFault):
    """A table that the contract needs was not supplied."""


class UnreadableFile(DataFault):
    """A file of the folder cannot be read as what its name says."""


class BlockingFault(DataFault):
    """The gate found something that nothing later may rest on."""


class ModelNotTrained(Situation):
    """No model of this target and grain exists yet, and none can be trained."""

    exit_code = 4


class StoreLocked(Situation):
    """Another process holds the work folder or the store."""

    exit_code = 5


class NotPermitted(Situation):
    """The account may not do this."""

    exit_code = 6


class NotFound(Situation):
    """What was named does not exist here."""

    exit_code = 7


class VerificationFailed(Situation):
    """A log, manifest or backup does not agree with itself."""

    exit_code = 8


class DesignRefused(Situation):
    """The sampling design cannot be carried out as it stands."""

    exit_code = 9


class GateRefused(Situation):
    """A promotion or publication did not pass its gate."""

    exit_code = 10


class DriftNoticed(Situation):
    """A model in use, or what it is fed, has moved enough to be looked at."""

    exit_code = 13


class DriftLarge(Situation):
    """A model in use, or what it is fed, is no longer what was tested."""

    exit_code = 14


class NeedsMore(Situation):
    """The memory or the disk space that was allowed does not suffice."""

    exit_code = 12


class ServiceUnavailable(Situation):
    """A database or server named in the configuration does not answer."""

    exit_code = 11
