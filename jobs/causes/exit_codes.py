"""Exit codes in words, by the convention of shells and container runtimes."""

NOT_STARTED, NOT_EXECUTABLE, NOT_FOUND, KILLED = 125, 126, 127, 137
FIRST_SIGNAL, MAX_SIGNAL = 128, 64

_WORDS = {
    0: "success",
    1: "general error",
    2: "incorrect usage, such as an invalid argument or a missing file",
    NOT_STARTED: "the container couldn't be started",
    NOT_EXECUTABLE: "the command isn't executable",
    NOT_FOUND: "command not found in the image",
    128: "the program exited with an invalid exit code",
    130: "interrupted (SIGINT)",
    134: "the program aborted (SIGABRT)",
    135: "bus error (SIGBUS)",
    136: "arithmetic error, such as a division by zero (SIGFPE)",
    KILLED: "killed (SIGKILL), often because it needed more memory than requested",
    139: "segmentation fault (SIGSEGV)",
    141: "broken pipe (SIGPIPE)",
    143: "terminated (SIGTERM): stopped, timed out, or its host was shut down",
    255: "unspecified error",
}


def describe_exit_code(code: int | None) -> str:
    if code is None:
        return ""
    if code in _WORDS:
        return _WORDS[code]
    if is_signal(code):
        return f"terminated by signal {code - FIRST_SIGNAL}"
    return "application error"


def is_signal(code: int) -> bool:
    return FIRST_SIGNAL < code <= FIRST_SIGNAL + MAX_SIGNAL
