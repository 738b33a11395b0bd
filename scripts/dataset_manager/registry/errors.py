"""In: what was found where something else was expected. Out: the error of this part, in Spanish, with what to do."""

from dataset_manager.errors import ToolError


class RegistryError(ToolError):
    """The bucket or the registry holds something else, or cannot be read as a registry; nothing was changed there."""
