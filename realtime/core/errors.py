"""The errors a user can cause: their text is the one line that the program prints."""


class UserError(Exception):
    """Something the user gave cannot be used. The message says what, and where it helps, what to do."""


class SourceError(UserError):
    """A camera, file, folder or stream cannot be opened, or holds no frame."""


class ModelError(UserError):
    """A model file is missing, broken, or not what this program runs."""


class ProviderError(UserError):
    """An execution provider was asked for that cannot be had here."""


class OutputError(UserError):
    """A file cannot be written."""
