"""The simulated shell: what it understands prints what a real one prints."""

from __future__ import annotations

import anyio
import pytest

from core.backends.simulated import SimulatedBackend
from core.errors import ContainerLostError
from core.settings import SimulationSettings
from core.testing.factories import a_container_request
from core.testing.stage import printed


async def run(*argv: str, **changes: object) -> tuple[int | None, str, str]:
    """Exit code, stdout and stderr of a container with these arguments."""
    backend = SimulatedBackend(SimulationSettings(time_scale=0.01))
    state = await backend.create(a_container_request(argv=argv, **changes))
    await backend.start(state.container_id)
    with anyio.fail_after(60):
        ended = await backend.wait(state.container_id)
    if ended is None:
        raise ContainerLostError
    frames = await backend.tail(state.container_id, 1000)
    return ended.exit_code, printed(frames, 1).decode(), printed(frames, 2).decode()


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("echo one two", "one two\n"),
        ("echo -n one; echo two", "onetwo\n"),
        ("echo 'a  b' \"c  d\" e\\ \\ f", "a  b c  d e  f\n"),
        ("X=1; echo $X ${X} '$X' \"$X\" ${Y:-none}", "1 1 $X 1 none\n"),
        ("X='a   b'; echo $X; echo \"$X\"", "a b\na   b\n"),
        ('X=; for i in $X; do echo no; done; echo "$X"', "\n"),
        ("export X=7; sh -c 'echo $X'", "7\n"),
        ("X=1 printenv X; echo ${X:-gone}", "1\ngone\n"),
        ("false; echo $?; true; echo $?", "1\n0\n"),
        ("false && echo no || echo yes", "yes\n"),
        ("true || echo no && echo yes", "yes\n"),
        ("! false && echo yes", "yes\n"),
        ("printf '%s-%s\\n' a b c", "a-b\nc-\n"),
        ("printf '%03d|%-3s|%3s|%x%%\\n' 7 a b 255", "007|a  |  b|ff%\n"),
        ("echo $(echo a; echo b)", "a b\n"),
        ('echo "$(seq 3)"', "1\n2\n3\n"),
        ("i=0; while [ $i -lt 3 ]; do i=$((i + 1)); echo $i; done", "1\n2\n3\n"),
        ("i=3; until [ $i = 0 ]; do i=$((i - 1)); done; echo $((2 * (3 + 4) % 5)) $((7 / 0))", "4 0\n"),
        ("for i in 1 2 3 4; do if [ $i = 2 ]; then continue; elif [ $i = 4 ]; then break; fi; echo $i; done", "1\n3\n"),
        ("for i in 1 2; do for j in a b; do [ $j = a ] && continue 2; echo no; done; done; echo done", "done\n"),
        ("{ echo a; echo b; } | cat; (cd /tmp; pwd); pwd", "a\nb\n/tmp\n/\n"),
        ("(exit 5); echo $?", "5\n"),
        ("cat <<EOF\nx=$HOME\nEOF\necho end", "x=/root\nend\n"),
        ("cat <<'EOF'\nx=$HOME\nEOF", "x=$HOME\n"),
        ("cat <<-EOF | cat\n\tone\n\tEOF", "one\n"),
        ("break; for i in 1 2; do (break); break 7; done; echo $i", "1\n"),
        ("echo one # a comment\n# another\necho two", "one\ntwo\n"),
        ("echo a \\\n  b", "a b\n"),
        ("eval 'X=3; echo $X'; echo $X", "3\n3\n"),
        ("sleep 0.01 & wait; echo done", "done\n"),
        ("seq 2 4; seq 5 -2 1", "2\n3\n4\n5\n3\n1\n"),
        ("flood 3 over and over", "over and over\n" * 3),
        ("id -u; cd /tmp && pwd", "0\n/tmp\n"),
        ("/bin/echo by path", "by path\n"),
        ("echo echo from stdin | sh", "from stdin\n"),
        ("yes | cat > /dev/null; echo ended", "ended\n"),
        ("echo a\x1eb\x0bc\x85d", "a\x1eb\x0bc\x85d\n"),
    ],
)
async def test_it_prints_what_a_shell_prints(text: str, out: str) -> None:
    assert await run("sh", "-c", text) == (0, out, "")


@pytest.mark.parametrize(
    ("text", "code", "out"),
    [
        ("exit 3; echo no", 3, ""),
        ("echo a; false", 1, "a\n"),
        ("set -e; false; echo no", 1, ""),
        ("set -e; false || true; ! true; if false; then :; fi; echo yes; (exit 4); echo no", 4, "yes\n"),
        ("set -e; X=$(false); echo no", 1, ""),
        ("set -e; set +e; false; echo yes", 0, "yes\n"),
        ("trap 'echo bye' EXIT; exit 4", 4, "bye\n"),
        ("exec sh -c 'exit 6'; echo no", 6, ""),
        ("kill -KILL $$; echo no", 137, ""),
        ("kill -TERM $$; echo no", 143, ""),
        ("trap 'echo heard' TERM; kill $$; echo on", 0, "heard\non\n"),
        ("oom; echo no", 137, ""),
        ('x=\'eval "$x"\'; eval "$x"', 139, ""),
    ],
)
async def test_it_ends_as_a_shell_ends(text: str, code: int, out: str) -> None:
    assert (await run("sh", "-c", text))[:2] == (code, out)


@pytest.mark.parametrize(
    ("text", "code", "word"),
    [
        ("echo 'open", 2, "unterminated"),
        ("echo $(echo", 2, "missing )"),
        ("if true; then echo a", 2, "unexpected end of file"),
        ("echo a; )", 2, 'unexpected ")"'),
        ("cat /no/such/file", 1, "No such file or directory"),
        ("echo a > /no/such/folder/file", 1, "No such file or directory"),
        ("cd /no/such/folder", 2, "can't cd"),
        ("nope --help", 127, "nope: not found"),
        ("[ a -lt b ]", 2, "not a condition"),
        ("kill -NONSENSE $$", 1, "no signal"),
        ("sh /no/script", 2, "can't open"),
        ("x=ab; while true; do x=$x$x; done", 2, "too long"),
    ],
)
async def test_it_complains_as_a_shell_complains(text: str, code: int, word: str) -> None:
    status, out, err = await run("sh", "-c", text)

    assert (status, out) == (code, "")
    assert word in err


async def test_an_unknown_program_succeeds_and_shows_its_arguments() -> None:
    assert await run("pytest", "-q", "tests/a b") == (0, "[simulated] pytest -q tests/a b\n", "")
    assert await run("sh", "-c", "make all && echo built") == (0, "[simulated] make all\nbuilt\n", "")


@pytest.mark.parametrize("text", ["case x in x) exit 3;; esac", "f() { exit 3; }; f", "echo ${x%%.*}", "echo `date`"])
async def test_a_text_that_only_real_shells_read_is_walked_past(text: str) -> None:
    assert await run("sh", "-c", text) == (0, f"[simulated] {text}\n", "")


async def test_files_are_written_appended_linked_and_removed() -> None:
    text = """
        mkdir -p /data/a/b && cd /data
        echo one > a/file; echo two >> a/file; cat a/file
        echo three > a/file; cat < a/file
        ln -s file a/link; cat a/link; [ -L a/link ] && [ -f a/link ] && [ -d a/b ] && [ ! -e a/c ] && echo kinds
        touch a/b/empty; ls a; [ -s a/b/empty ] || echo empty
        rm -rf a/b a/never; ls a
        { echo out; echo err >&2; } > both 2>&1; cat both
    """

    status, out, err = await run("sh", "-c", text)

    assert (status, err) == (0, "")
    assert out == "one\ntwo\nthree\nthree\nkinds\nb\nfile\nlink\nempty\nfile\nlink\nout\nerr\n"


async def test_output_and_errors_go_to_their_streams() -> None:
    text = "echo a; echo b >&2; echo c 2>&1; nope 2>/dev/null; echo d > /dev/stderr"

    assert await run("sh", "-c", text) == (0, "a\nc\n", "b\nd\n")


async def test_a_container_cannot_fill_the_memory_with_files() -> None:
    status, _, err = await run("sh", "-c", "flood 100000000 0123456789 > /tmp/big")

    assert status == 1
    assert "No space left on device" in err
