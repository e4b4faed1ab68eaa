"""Every fault that is provided for, and what is done about it."""

from __future__ import annotations

from typing import Final

from tests.docs.reliability import Row

ROWS: Final[dict[str, Row]] = {
    "F1": Row(
        "the engine is killed while a job runs",
        "the container runs on; the next engine takes it up: one run, its own exit code, its whole log",
    ),
    "F2": Row("the engine is killed between the job's row and its container", "the job runs once, after the restart"),
    "F3": Row(
        "the engine is killed after the container was made, before its row says so",
        "the container is found by its name and used",
    ),
    "F4": Row(
        "the engine is killed right after it asked for the start",
        "a second is waited, then it is looked; the container is started only if it still was not",
    ),
    "F5": Row(
        "the engine is killed after the exit, before the files are kept",
        "they are kept after the restart: the container still stands",
    ),
    "F6": Row(
        "the engine is killed after the last row, before the container is removed",
        "what is left is removed after the restart; the record stays as it is",
    ),
    "F7": Row(
        "the engine is killed in the middle of a log record",
        "the torn record is cut and comes again; no line is lost or doubled",
    ),
    "F8": Row("a container ends while no engine runs", "its own exit code and times count, not those of the restart"),
    "F9": Row(
        "a time limit passes while no engine runs and the container runs on",
        "it is stopped by the next engine: `timed_out`",
    ),
    "F10": Row(
        "a job ended within its limit while no engine ran for longer", "it succeeded: the container's own end counts"
    ),
    "F11": Row(
        "the engine gets SIGTERM while jobs run", "it leaves within seconds; containers run on for the next one"
    ),
    "F12": Row(
        "a second engine is started on one home",
        "it refuses at once and names the first; a killed holder frees the home",
    ),
    "F13": Row("two engines with two homes share a Docker Engine", "each touches only what carries its own label"),
    "F14": Row(
        "Docker is not there when the engine starts",
        "the engine starts and says so; jobs wait and start by themselves once it answers",
    ),
    "F15": Row("dockerd is killed, with live-restore", "jobs run on, logs go on exactly where they were"),
    "F16": Row(
        "dockerd is killed, without live-restore", "its jobs end `container_lost`, or are tried again as they ask"
    ),
    "F17": Row(
        "dockerd is asked to leave, without live-restore",
        "told apart from the job's own end, though Docker reports the same code",
    ),
    "F18": Row("a container ends while dockerd is away", "its own exit code; the log says that output may be missing"),
    "F19": Row("a container prints much while dockerd is away", "it is held up, and nothing is lost"),
    "F20": Row(
        "dockerd hangs", "short calls end in time, the engine answers, no job is judged, all goes on afterwards"
    ),
    "F21": Row(
        "containerd is killed under dockerd",
        "starts are repeated, an end that Docker missed is found; `container_lost` if its exit code is lost",
    ),
    "F22": Row(
        "the shim of a container is killed",
        "of steps `signal`; of a plain command `exit` 137, which Docker does not tell from its own, with a hint",
    ),
    "F23": Row("process 1 of a container is killed from the host", "the same"),
    "F24": Row("somebody removes a running container", "`container_lost` within seconds"),
    "F25": Row(
        "somebody stops, kills, pauses or restarts a container",
        "`signal`, or `tampered` after a restart; a paused one still runs and keeps its time limit",
    ),
    "F26": Row("the stream of Docker's events breaks or drops", "looking now and then finds every change"),
    "F27": Row(
        "a call's answer is lost after Docker did the work", "it is repeated by name and what is there is taken"
    ),
    "F28": Row(
        "a container that is not ours has the name", "the attempt fails with that reason; the other is not touched"
    ),
    "F29": Row("the image is not there", "`image_not_found`"),
    "F30": Row("the command is not in the image or may not be executed", "`start_error`, not tried again"),
    "F31": Row("the job runs out of memory", "`oom`"),
    "F32": Row("a child runs out of memory and the job ends well", "success, with a remark"),
    "F33": Row("a job ignores SIGTERM", "SIGKILL after the grace"),
    "F34": Row("a cancel meets the job's own end", "one final status, whichever came first"),
    "F35": Row(
        "a cancel comes while the job waits, is made or is collected",
        "nothing starts after `cancelled`; what was half made is removed",
    ),
    "F36": Row("a time limit passes while Docker is away", "the intention is kept and carried out: `timed_out`"),
    "F37": Row("a fork bomb", "the limit of processes holds, the kill works, other jobs start"),
    "F38": Row("a flood of output", "cut at the limit, the tail kept, the gap named; memory and disk bounded"),
    "F39": Row("a reader that is slow or never reads", "holds up nobody, and is let go"),
    "F40": Row(
        "the home's disk is full",
        "nothing crashes, reading works, jobs wait for room and end whole, old ones can be deleted",
    ),
    "F41": Row("a log is written by half", "the half is taken back, and written when there is room"),
    "F42": Row("a container fills its own layer", "`disk_limit`; the host keeps its margin"),
    "F43": Row("the database is damaged or is none", "the engine refuses to start and changes nothing"),
    "F44": Row("the database is empty or missing beside jobs' files", "refused: it would look like a fresh home"),
    "F45": Row("the database's journal was removed or damaged", "said loudly: records are missing"),
    "F46": Row("a newer OrcaOps wrote the database", "refused with both versions, untouched"),
    "F47": Row("the power fails", "what was acknowledged was synced before; a log may lose its last second"),
    "F48": Row(
        "another process holds the database locked", "waited for five seconds, then `store_busy`; no half state"
    ),
    "F49": Row(
        "a long reader keeps the journal from being cut", "it grows, and is used again once the reader has gone"
    ),
    "F50": Row("a request is given up in the middle of a write", "the write is whole or is not"),
    "F51": Row("an MCP client goes away while it waits", "only the wait ends; the job runs on"),
    "F52": Row("the stream of artifacts breaks off", "nothing half is kept; it is fetched again"),
    "F53": Row("somebody sets the machine's clock", "time limits stay as long as they were; no duration is negative"),
    "F54": Row("containers of ours that no job knows", "removed after a minute, with volumes and networks"),
    "F55": Row("what is to be removed is being removed, or gone", "taken for done"),
    "F56": Row("a service never becomes healthy", "the job fails in bounded time; nothing of it is left"),
    "F57": Row("the engine dies between two steps or nodes", "what ended well is not run again, the next starts once"),
    "F58": Row("very many jobs at once", "never more run than may, in order, with no error"),
}
