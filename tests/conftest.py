"""For all tests."""

# Before anything imports numpy: the package tells its BLAS to keep to one thread.
import voiceagent  # noqa: F401
