"""Which tests show which behaviour of an init, and those that stood nowhere
else.

SHOWN lists what an init for containers has to do, numbered, and the tests for
it: a name alone is in tests/integration, unit/FILE is a file of tests/unit,
and conformance/FILE says how a suite of others is run.
"""

import os
import pathlib
import pty
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

import lab
import pid1

HERE = pathlib.Path(__file__).resolve().parent

SHOWN = {
    1: ["test_every_exit_code", "test_death_by_signal"],
    2: ["test_remap_exit", "test_remap_of_every_code",
        "unit/test_config_signals.c"],
    3: ["test_exec_failures", "test_path_lookup", "test_arguments_too_long"],
    4: ["test_every_signal_is_forwarded", "test_every_signal_without_signalfd",
        "test_every_signal_with_all_denied"],
    5: ["test_value_of_sigqueue", "test_value_of_sigqueue_to_a_group",
        "test_values_to_a_group_denied",
        "test_queue_of_signals_without_signalfd",
        "test_two_minutes"],
    6: ["test_rewrite", "test_rewrite_tables", "unit/test_config_signals.c"],
    7: ["test_signal_state_of_the_app", "test_signal_state_without_signalfd"],
    8: ["test_sigchld_ignored_or_blocked_on_entry"],
    9: ["test_closed_standard_streams"],
    10: ["test_no_descriptor_leaks", "test_init_closes_what_is_the_apps"],
    11: ["test_listen_pid", "test_listening_socket_of_every_start"],
    12: ["test_term_right_after_the_first_system_call",
         "test_term_at_every_system_call_of_the_start"],
    13: ["test_term_before_the_exec_is_not_lost",
         "test_signal_before_the_session_is_not_lost",
         "test_term_between_two_places_of_the_path"],
    14: ["test_term_and_exit_together_keep_the_code",
         "test_term_after_the_end_before_the_wait"],
    15: ["test_code_among_a_thousand"],
    16: ["test_flood_of_zombies", "test_thousands_of_zombies_and_a_tunnel"],
    17: ["test_no_process_now_is_no_end", "test_no_process_for_a_restart"],
    18: ["test_orphans_are_reaped", "test_code_through_three_levels"],
    19: ["test_stragglers_may_clean_up", "test_stopped_straggler",
         "test_stubborn_straggler_is_killed", "test_daemon_is_a_straggler"],
    20: ["test_two_inits_in_one_namespace"],
    21: ["test_stop_timeout", "test_without_a_stop_timeout_there_is_none",
         "unit/test_supervisor.c"],
    22: ["test_stopped_app_can_be_ended", "test_app_stopped_just_before_term"],
    23: ["test_second_term_is_forwarded_and_third_kills"],
    24: ["test_setuid_app_of_an_init_that_is_not_root"],
    25: ["test_interactive_shell", "test_keys_end_a_plain_app",
         "test_ctrl_z_where_no_shell_can_continue", "test_window_size",
         "test_hang_up", "test_terminal_is_given_to_the_app"],
    26: ["test_started_in_the_background", "test_background_with_tostop",
         "test_terminal_of_nobody"],
    27: ["test_job_of_a_shell", "test_terminal_is_given_back"],
    28: ["test_one_call_denied", "test_all_denied", "test_session_denied",
         "test_denied_system_calls", "test_close_range_denied"],
    29: ["test_one_file_and_nothing_else",
         "test_no_rights_and_nothing_to_write_to"],
    30: ["test_working_directories", "test_restart_in_the_same_directory",
         "test_restart_in_a_directory_that_is_gone"],
    31: ["test_no_option_changes_nothing",
         "test_environment_and_arguments_unchanged"],
    32: ["test_pdeathsig", "test_app_dies_with_fairlead",
         "test_parent_that_died_before_we_asked",
         "test_end_before_the_app_asked"],
    33: ["test_idle_means_asleep"],
    34: ["test_restart_policies", "test_restart_after_a_signal",
         "test_exec_failures", "test_codes_that_are_final"],
    35: ["test_delays_between_restarts", "test_crash_loop_ends_with_one_line",
         "unit/test_backoff.c", "unit/test_supervisor.c"],
    36: ["test_term_during_backoff", "test_stopped_at_the_gate",
         "test_term_right_after_the_first_system_call"],
    37: ["test_success_in_a_loop_is_no_tight_loop", "unit/test_supervisor.c"],
    38: ["test_first_connect_of_the_app", "test_listening_before_the_app_runs",
         "test_every_start_finds_the_port"],
    39: ["test_tunnel_serves_until_the_app_has_ended"],
    40: ["test_all_of_the_end_in_cloud_run", "unit/test_supervisor.c",
         "unit/test_config.c"],
    41: ["test_notifications_are_passed_on", "test_newline_on_a_descriptor",
         "test_descriptor_without_a_newline", "unit/test_notify.c"],
    42: ["test_log_pipe_full_or_gone"],
    43: ["test_pause_is_no_hang", "test_code_among_a_thousand",
         "test_attached_debugger", "test_clients_of_a_stopped_tunnel",
         "test_two_minutes"],
    44: ["test_clock_that_starts_anywhere",
         "test_init_never_asks_for_the_time_of_day"],
    45: ["test_tini", "test_dumb_init", "test_catatonit",
         "conformance/README.md"],
    46: ["test_nothing_is_left_of_restarts", "test_restarts_leave_nothing",
         "test_two_minutes", "unit/test_restarts.c"],
    47: ["test_pause", "unit/test_personality.c"],
    48: ["test_every_signal_is_forwarded"],
    49: ["test_group_mode_follows_an_app_that_left_its_group"],
    50: ["test_output_kept_open_does_not_hold_the_end"],
    51: ["test_app_of_the_same_user_cannot_look_inside"],
    52: ["test_app_terminates_everything_it_can", "test_tunnel_of_another_user",
         "test_app_that_kills_all",
         "test_app_kills_all_where_init_is_not_pid1"],
}


def test_the_table_is_true():
    """All 52 have a test, and every test that is named exists."""
    assert sorted(SHOWN) == list(range(1, 53)) and all(SHOWN.values())
    text = "".join(p.read_text() for p in sorted(HERE.glob("test_*.py")))
    for names in SHOWN.values():
        for name in names:
            if "/" in name:
                assert (HERE.parent / name).exists(), name
            else:
                assert re.search(rf"^def {name}\(", text, re.M), name


def test_arguments_too_long(start):
    """The kernel refuses to run what it let us be run with: the limit is a
    share of the stack's."""
    code, log = pid1.run("--rlimit", "stack=400000", "--", "true",
                         *["x" * 100000] * 3, pid1=False)
    assert code == 126 and "too long" in log


@pytest.mark.parametrize("options", [[], ["--kill-group"]],
                         ids=["app", "group"])
def test_term_right_after_the_first_system_call(start, options):
    """As PID 1: signals are blocked by the first one, and nothing that comes
    later can lose them."""
    init = start(*options, "--", "/bin/sleep", "1000", wrapper=pid1.strace(
        "inject=rt_sigprocmask:delay_exit=700000:when=1"))
    lab.wait_until(lambda: signal.SIGTERM in pid1.signal_set(
        init.init, "SigBlk"), what="signals blocked")
    os.kill(init.init, signal.SIGTERM)
    assert init.wait() == 143


@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
def test_code_among_a_thousand(start, as_pid1, first):
    """All ends come as one SIGCHLD, the app's among them."""
    # The crowd waits for the end of a pipe that the app holds: a thousand
    # that poll would take the machine.
    crowd = ("import os, time\n"
             "r, w = os.pipe()\n"
             "if os.fork() == 0:\n"
             "    os.setsid()\n"
             "    for _ in range(1000):\n"
             "        if os.fork() == 0:\n"
             "            os.close(w)\n"
             "            os.read(r, 1)\n"
             "            os._exit(3)\n"
             "    os._exit(0)\n"
             "os.wait()\n"
             "print('up', flush=True)\n"
             "while not os.path.exists('go'): time.sleep(0.02)\n"
             "if not {first}:\n"
             "    os.close(w)\n"
             "    while not os.path.exists('late'): time.sleep(0.02)\n"
             "os._exit(77)\n").replace("{first}", str(first))
    init = start("--", lab.PYTHON, "-c", crowd, pid1=as_pid1)
    init.wait_log("up")
    lab.wait_until(lambda: len(pid1.children(init.init)) == 1001,
                   what="orphans adopted")
    app = init.app
    os.kill(init.init, signal.SIGSTOP)
    open(init.path("go"), "w").close()
    lab.wait_until(lambda: sum(s == "Z" for s in init.processes().values())
                   >= 1000, what="zombies")
    open(init.path("late"), "w").close()
    lab.wait_until(lambda: pid1.state(app) == "Z", what="the app's end")
    os.kill(init.init, signal.SIGCONT)
    assert init.wait() == 77


def test_restart_in_a_directory_that_is_gone(start, tmp_path):
    os.mkdir(tmp_path / "gone")
    init = start("--restart", "on-failure:1", "--", "sh", "-c",
                 f"echo run; rmdir {tmp_path}/gone 2>/dev/null; exit 5",
                 cwd=tmp_path / "gone")
    assert init.wait() == 5
    assert init.log().count("run\n") == 2


def test_init_never_asks_for_the_time_of_day():
    """A clock that jumps moves nothing: init has the monotonic one alone."""
    text = "".join(p.read_text()
                   for p in (HERE.parents[1] / "src/init").glob("*.[ch]"))
    assert "clock_ms(" in text
    assert not re.findall(r"clock_wall\w*|gettimeofday|\btime\(|REALTIME",
                          text)


def test_output_kept_open_does_not_hold_the_end(as_pid1):
    """Who reads our output to its end does not wait for what the app left."""
    wrapper = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    done = subprocess.run(
        [*(wrapper if as_pid1 and os.geteuid() == 0 else []), lab.FAIRLEAD,
         "--", "sh", "-c", "sh -c 'trap \"\" TERM; sleep 1000; sleep 1000' & "
         "sleep 0.3; echo end; exit 6"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, timeout=lab.PATIENCE, check=False)
    assert (done.returncode, done.stdout) == (6, b"end\n")


def test_app_that_kills_all(start, echo_emulator):
    """SIGKILL to everybody, as the tunnel's user: PID 1 is spared by the
    kernel, and the tunnel comes back."""
    init = start("--sqladmin-api-endpoint", echo_emulator.api_url,
                 "--ca-file", echo_emulator.ca_file, "--port",
                 str(lab.free_port()), echo_emulator.name, "--", lab.PYTHON,
                 "-c", "import os, signal, sys, time\n"
                 "sys.stdin.readline()\n"
                 "try: os.kill(-1, signal.SIGKILL)\n"
                 "except OSError: pass\n"
                 "print('killed', flush=True); time.sleep(1000)",
                 env=echo_emulator.env(), stdin=subprocess.PIPE)
    tunnel = lab.wait_until(lambda: init.role("fairlead-tunnel"),
                            what="a tunnel")
    init.process.stdin.write(b"\n")
    init.process.stdin.flush()
    init.wait_log("killed")
    lab.wait_until(lambda: init.role("fairlead-tunnel") not in (None, tunnel),
                   what="another tunnel")
    init.wait_log("the tunnel was killed by SIGKILL")
    init.signal(signal.SIGTERM)
    assert init.wait() == 143


# ------------------------------------------------- codes, signals, and races


def test_remap_of_every_code():
    """One way and the other, and a signal's."""
    for code in range(0, 256, 5):
        done = subprocess.run(
            [lab.FAIRLEAD, "--remap-exit", f"{code}={255 - code}", "--", "sh",
             "-c", f"exit {code}"], check=False)
        assert done.returncode == 255 - code
    done = subprocess.run([lab.FAIRLEAD, "--remap-exit", "143", "--", "sh",
                           "-c", "kill -TERM $$"], check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("rules,sent,got", [
    ("15:3", 15, 3), ("TERM:SIGQUIT", 15, 3), ("SIGRTMIN+3:RTMAX", 37, 64),
    ("34:35,35:36", 34, 35), ("1:2,2:1", 1, 2), ("1:2,2:1", 2, 1),
    ("0x", None, None), ("15:", None, None), (":3", None, None),
    ("15:65", None, None), ("99:1", None, None),
    ("TERM:NOSUCH", None, None)])
def test_rewrite_tables(start, rules, sent, got):
    """No chains; what is no signal is refused with the option's name."""
    if sent is None:
        code, log = pid1.run("--rewrite", rules, "--", "true", pid1=False)
        assert code == 1 and "rewrite" in log
        return
    init = start("--rewrite", rules, "--", "sleep", "1000",
                 wrapper=pid1.pre("ball"))
    app = init.app
    os.kill(init.init, sent)
    lab.wait_until(lambda: got in pid1.signal_set(app, "ShdPnd"),
                   what=f"signal {got}")
    assert pid1.signal_set(app, "ShdPnd") == {got}
    os.kill(app, signal.SIGKILL)
    assert init.wait() == 137


def test_term_between_two_places_of_the_path(start):
    """The first execve has failed, the second has not happened."""
    init = start("--", "sleep", "1000", pid1=False,
                 env={"PATH": f"/nowhere:{os.environ['PATH']}"},
                 wrapper=[shutil.which("strace"), *pid1.strace(
                     "inject=execve:delay_exit=700000:when=2")[1:]])
    lab.wait_until(lambda: pid1.children(init.init), what="the child")
    time.sleep(0.2)
    os.kill(init.init, signal.SIGTERM)
    assert init.wait() == 143


def test_term_after_the_end_before_the_wait(start, as_pid1):
    init = start("--", "sh", "-c", "echo up; read x; exit 5", pid1=as_pid1,
                 stdin=subprocess.PIPE)
    init.wait_log("up")
    app = init.app
    os.kill(init.init, signal.SIGSTOP)
    lab.wait_until(lambda: pid1.state(init.init) == "T", what="init stopped")
    init.process.stdin.close()
    lab.wait_until(lambda: pid1.state(app) == "Z", what="the app's end")
    os.kill(init.init, signal.SIGTERM)
    os.kill(init.init, signal.SIGCONT)
    assert init.wait() == 5
    assert init.log() == "up\n"


def test_without_a_stop_timeout_there_is_none(start):
    """As with every other init: the app has the time that it takes."""
    init = start("--", "sh", "-c", "trap 'sleep 2; exit 9' TERM; echo up; "
                 "while :; do sleep 0.05; done")
    init.wait_log("up")
    init.signal(signal.SIGTERM)
    assert init.wait() == 9
    assert init.log() == "up\n"


# ----------------------------------------------------------------- processes


CROWD = r"""
for (1 .. $ARGV[0]) {
    select undef, undef, undef, 0.01 while !defined($pid = fork);
    exit 3 if !$pid;
}
"""


def test_thousands_of_zombies_and_a_tunnel(start, echo_emulator):
    """They come in one piece when their parent ends; meanwhile bytes go
    through the tunnel, and no answer takes as long as all of them."""
    port = lab.free_port()
    init = start("--sqladmin-api-endpoint", echo_emulator.api_url,
                 "--ca-file", echo_emulator.ca_file, "--port", str(port),
                 echo_emulator.name, "--", "sh", "-c",
                 "perl -e \"$0\" $1 & echo up; wait; echo made; read x; "
                 "exit 7", CROWD, str(pid1.many("ZOMBIES", 5000, 30000)),
                 stdin=subprocess.PIPE, env=echo_emulator.env())
    init.wait_log(r"(?m)^up$")
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(lab.PATIENCE)
        while "made" not in init.log():
            client.sendall(b"ping")
            assert client.recv(4) == b"ping"
            time.sleep(0.01)
    lab.wait_until(lambda: "Z" not in init.processes().values(),
                   what="zombies reaped")
    init.process.stdin.close()
    assert init.wait() == 7


def test_daemon_is_a_straggler(start):
    """Two forks and a session of its own: found, and asked to end."""
    code = ("import os, signal, time\n"
            "if os.fork(): os._exit(0)\n"
            "os.setsid()\n"
            "if os.fork(): os._exit(0)\n"
            "def end(*_):\n"
            "    open('ended', 'w').close(); os._exit(0)\n"
            "signal.signal(signal.SIGTERM, end)\n"
            "open('daemon', 'w').close()\n"
            "while True: signal.pause()\n")
    init = start("--", "sh", "-c", f"{lab.PYTHON} -c '{code.replace(chr(39), chr(34))}'; "
                 "while ! test -e daemon; do sleep 0.02; done; exit 8")
    assert init.wait() == 8
    assert os.path.exists(init.path("ended"))
    assert init.log() == ""


def test_nothing_is_left_of_restarts(start):
    """Descriptors and mappings of one run and of the next are the same."""
    init = start("--restart", "always", "--", "sh", "-c",
                 "echo run; read x; exit 1", stdin=subprocess.PIPE)

    def descriptors():
        return len(os.listdir(f"/proc/{init.init}/fd"))

    def sizes():
        status = pid1.status(init.init)
        return (descriptors(), status["VmSize"], status["VmData"],
                status["RssAnon"])

    seen = []
    for run in range(1, 6):
        lab.wait_until(lambda: init.log().count("run\n") == run, what="a run")
        # It looks at the start a moment later, and then closes a pipe.
        if run == 1:
            lab.wait_until(
                lambda: os.path.samefile(f"/proc/{init.init}/cwd", "/"),
                what="the first start is over")
        else:
            lab.wait_until(lambda: descriptors() == seen[0][0],
                           what="as many descriptors")
        lab.wait_until(lambda: pid1.state(init.init) == "S", what="asleep")
        seen.append(sizes())
        init.process.stdin.write(b"\n")
        init.process.stdin.flush()
    assert seen[1:] == seen[1:2] * 4
    lab.wait_until(lambda: init.log().count("ended with code 1") == 5,
                   what="the last run's end")
    os.kill(init.init, signal.SIGTERM)
    assert init.wait() == 1


def test_no_rights_and_nothing_to_write_to(start):
    """Read-only everywhere, no capability, somebody else's user."""
    if os.geteuid() != 0:
        pytest.skip("machine: a read-only root needs root")
    init = start("--kill-group", "--", "sh", "-c",
                 "(sleep 0.1 &); touch /x 2>/dev/null && echo written; "
                 "echo up; trap 'exit 5' TERM; while :; do sleep 0.05; done",
                 cwd="/", unshare=["--mount"], wrapper=[
                     "sh", "-c", "mount -o remount,bind,ro / && exec setpriv "
                     "--reuid 54321 --regid 54321 --clear-groups "
                     "--bounding-set=-all --inh-caps=-all \"$@\"", "sh"])
    init.wait_log(r"(?m)^up$")
    assert "written" not in init.log()
    init.signal(signal.SIGTERM)
    assert init.wait() == 5


# ------------------------------------------------------------------ terminal


def test_terminal_of_nobody(start):
    """Standard input is a terminal, but not that of our session."""
    master, slave = pty.openpty()
    try:
        for options in ([], ["--kill-group"]):
            init = start(*options, "--", "sh", "-c", "test -t 0 && exit 6",
                         stdin=slave, pid1=False)
            assert (init.wait(), init.log()) == (6, "")
    finally:
        os.close(master)
        os.close(slave)


# --------------------------------------------------------------------- death


def test_parent_that_died_before_we_asked(start):
    """The kernel will not tell: it is found out, and not waited for."""
    script = (f"{shutil.which('strace')} -f -q -o /dev/null -e trace=prctl -e "
              f"inject=prctl:delay_enter=700000:when=1 {lab.FAIRLEAD} "
              "--pdeathsig USR1 -- sleep 1000 & echo $! >pid; sleep 1000")
    init = start("--", "sh", "-c", script, pid1=False)
    init.wait_file("pid", "\n")
    tracer = int(init.read("pid"))

    number = pid1.CALLS["prctl"][os.uname().machine != "x86_64"]

    def asking():
        for pid in pid1.children(tracer):
            try:
                with open(f"/proc/{pid}/syscall") as src:
                    if src.read().split()[0] == str(number):
                        return pid
            except OSError:
                pass
        return None

    pid = lab.wait_until(asking, what="fairlead at prctl", every=0.005)
    os.kill(tracer, signal.SIGKILL)
    lab.wait_until(lambda: pid1.state(pid) in "?Z", what="fairlead's end")
    init.signal(signal.SIGTERM)
    assert init.wait() == 143


def test_end_before_the_app_asked(start):
    """fairlead is killed before the app's process asked to be told: nothing
    is left, and the app's program never runs."""
    init = start("--pdeathsig", "TERM", "--", "sh", "-c", "echo ran >ran",
                 pid1=False, wrapper=[shutil.which("strace"), *pid1.strace(
                     "inject=prctl:delay_enter=700000:when=1")[1:],
                     "-e", "inject=setpgid:delay_enter=600000"])
    child = lab.wait_until(lambda: pid1.children(init.init), what="child")[0]
    os.kill(init.init, signal.SIGKILL)
    lab.wait_until(lambda: pid1.state(child) in "?Z", what="its end")
    assert not os.path.exists(init.path("ran"))


# ------------------------------------------------------------ time and budget


def test_delays_between_restarts(start):
    """Twice as long each time, a quarter more or less, and never the same."""
    seen = []
    for _ in range(2):
        init = start("--restart", "always:4", "--", "false")
        assert init.wait() == 1
        seen.append([int(ms) for ms in re.findall(r"again in (\d+) ms",
                                                  init.log())])
    for delays in seen:
        assert len(delays) == 4
        for n, ms in enumerate(delays):
            assert 75 * 2 ** n <= ms <= 125 * 2 ** n, seen
    assert seen[0] != seen[1]


def test_success_in_a_loop_is_no_tight_loop(start):
    init = start("--restart", "always:3", "--", "true")
    assert init.wait() == 0
    delays = re.findall(r"again in (\d+) ms", init.log())
    assert len(delays) == 3 and sum(map(int, delays)) >= 500


def test_all_of_the_end_in_cloud_run(start, echo_emulator):
    """An app, a process of its own and a client that all hold on: they are
    ended one after the other. That the stages together take less than the
    platform's 10 s is shown with invented times: unit/test_supervisor.c."""
    port = lab.free_port()
    init = start("--sqladmin-api-endpoint", echo_emulator.api_url,
                 "--ca-file", echo_emulator.ca_file, "--port", str(port),
                 echo_emulator.name, "--", "sh", "-c",
                 "trap '' TERM; setsid sh -c 'sleep 1000; sleep 1000' & "
                 "echo up; while :; do sleep 0.1; done",
                 env={**echo_emulator.env(), "K_SERVICE": "orders"})
    init.wait_log(r"(?m)^up$")
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(lab.PATIENCE)
        client.sendall(b"ping")
        assert client.recv(4) == b"ping"
        init.signal(signal.SIGTERM)
        assert init.wait() == 137
    log = init.log()
    assert log.index("did not end within 8000 ms; killing it") < \
        log.index("left did not end within 500 ms; killing them") < \
        log.index("instance closed the connection")


# A clock just before the ends of 31 and 32 bits, and one that has only begun.
STARTS = {"zero": 0.1, "31 bits": 2 ** 31 / 1000 - 1.2, "32 bits":
          2 ** 32 / 1000 - 1.2, "ten years": 3.2e8}


@pytest.mark.parametrize("seconds", STARTS.values(), ids=STARTS.keys())
def test_clock_that_starts_anywhere(start, seconds):
    """The kernel's clock may be of any age; deadlines across an overflow of
    32 bits of milliseconds are met."""
    offset = int(seconds - time.clock_gettime(time.CLOCK_MONOTONIC))
    init = start("--restart", "on-failure:3", "--stop-timeout", "300ms", "--",
                 "sh", "-c", "echo run; test $(grep -c . runs 2>/dev/null || "
                 "echo 0) -lt 3 && echo x >>runs && exit 4; trap '' TERM; "
                 "echo up; while :; do sleep 0.05; done",
                 unshare=["--time", f"--monotonic={offset}"])
    init.wait_log(r"(?m)^up$")
    assert init.log().count("run\n") == 4
    init.signal(signal.SIGTERM)
    assert init.wait() == 137
    assert "did not end within 300 ms" in init.log()


def test_attached_debugger(start):
    """It stops and continues us as it likes: nothing is lost."""
    init = start("--", "sh", "-c", "trap 'echo got' USR1; echo up; "
                 "trap 'exit 6' TERM; while :; do sleep 0.05; done")
    init.wait_log("up")
    debugger = subprocess.Popen(
        ["strace", "-q", "-o", "/dev/null", "-p", str(init.init)])
    try:
        lab.wait_until(lambda: pid1.status(init.init).get("TracerPid") ==
                       str(debugger.pid), what="attached")
        init.signal(signal.SIGUSR1)
        init.wait_log("got")
    finally:
        debugger.terminate()
        debugger.wait()
    init.signal(signal.SIGTERM)
    assert init.wait() == 6
