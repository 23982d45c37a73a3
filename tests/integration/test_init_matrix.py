"""Which test shows which behaviour of an init, and those that stood nowhere
else.

SHOWN lists what an init for containers has to do, numbered, and the tests for
it: a name alone is in tests/integration, others are files of tests/unit. A
case that no test shows says so in NOT_SHOWN.
"""

import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

import lab
import pid1

HERE = pathlib.Path(__file__).resolve().parent

SHOWN = {
    1: ["test_every_exit_code", "test_death_by_signal"],
    2: ["unit/test_config_signals.c"],
    3: ["test_exec_failures", "test_path_lookup", "test_arguments_too_long"],
    4: ["test_every_signal_is_forwarded", "test_every_signal_without_signalfd"],
    5: ["test_value_of_sigqueue"],
    6: ["unit/test_config_signals.c"],
    7: ["test_signal_state_of_the_app", "test_signal_state_without_signalfd"],
    8: ["test_sigchld_ignored_or_blocked_on_entry"],
    9: ["test_closed_standard_streams"],
    10: ["test_no_descriptor_leaks", "test_init_closes_what_is_the_apps"],
    11: ["test_listen_pid", "test_listening_socket_of_every_start"],
    12: ["test_term_right_after_the_first_system_call"],
    13: ["test_term_before_the_exec_is_not_lost"],
    14: ["test_term_and_exit_together_keep_the_code"],
    15: ["test_code_among_a_thousand"],
    16: ["test_flood_of_zombies"],
    17: ["test_no_process_now_is_no_end"],
    18: ["test_orphans_are_reaped", "test_code_through_three_levels"],
    19: ["test_stragglers_may_clean_up", "test_stopped_straggler",
         "test_stubborn_straggler_is_killed"],
    20: ["test_two_inits_in_one_namespace"],
    21: ["test_stop_timeout", "unit/test_supervisor.c"],
    22: ["test_stopped_app_can_be_ended", "test_app_stopped_just_before_term"],
    23: ["test_second_term_is_forwarded_and_third_kills"],
    24: ["test_setuid_app_of_an_init_that_is_not_root"],
    25: ["test_terminal_is_given_to_the_app"],
    28: ["test_denied_system_calls", "test_close_range_denied"],
    29: ["test_one_file_and_nothing_else"],
    30: ["test_working_directories", "test_restart_in_the_same_directory",
         "test_restart_in_a_directory_that_is_gone"],
    31: ["test_no_option_changes_nothing",
         "test_environment_and_arguments_unchanged"],
    33: ["test_idle_means_asleep"],
    34: ["test_restart_policies", "test_restart_after_a_signal",
         "test_exec_failures", "test_codes_that_are_final"],
    35: ["unit/test_backoff.c", "unit/test_supervisor.c",
         "test_crash_loop_ends_with_one_line"],
    36: ["test_term_during_backoff", "test_stopped_at_the_gate",
         "test_term_right_after_the_first_system_call"],
    37: ["unit/test_supervisor.c"],
    38: ["test_first_connect_of_the_app", "test_listening_before_the_app_runs"],
    39: ["test_tunnel_serves_until_the_app_has_ended"],
    40: ["test_stop_timeout_of_cloud_run", "unit/test_supervisor.c"],
    41: ["test_notifications_are_passed_on", "test_newline_on_a_descriptor",
         "test_descriptor_without_a_newline", "unit/test_notify.c"],
    42: ["test_log_pipe_full_or_gone"],
    43: ["test_pause_is_no_hang", "test_code_among_a_thousand"],
    44: ["test_init_never_asks_for_the_time_of_day"],
    47: ["unit/test_personality.c"],
    48: ["test_every_signal_is_forwarded"],
    49: ["test_group_mode_follows_an_app_that_left_its_group"],
    50: ["test_output_kept_open_does_not_hold_the_end"],
    51: ["test_app_of_the_same_user_cannot_look_inside"],
    52: ["test_app_terminates_everything_it_can", "test_tunnel_of_another_user",
         "test_app_that_kills_all"],
}

NOT_SHOWN = {
    26: "no terminal, or one of another session",
    27: "job control where it is not PID 1",
    32: "death signals",
    45: "the peers' own suites are run by hand: tests/conformance/README.md",
    46: "ten thousand restarts",
}


@pytest.fixture
def start():
    """Factory of pid1.Init; the log of each is shown on failure."""
    started = []

    def make(*args, **how):
        init = pid1.Init(*args, **how)
        started.append(init)
        return init

    yield make
    for init in started:
        print(f"-- log of {' '.join(init.argv)}\n{init.log()[-4000:]}")
        init.close()


both = pytest.mark.parametrize("as_pid1", [True, False],
                               ids=["pid1", "ordinary"])


def test_the_table_is_true():
    assert sorted([*SHOWN, *NOT_SHOWN]) == list(range(1, 53))
    text = "".join(p.read_text() for p in sorted(HERE.glob("test_init*.py")))
    for names in SHOWN.values():
        for name in names:
            if name.startswith("unit/"):
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


@both
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


@both
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
                 "-c", "import os, signal, sys, time\ntime.sleep(0.3)\n"
                 "try: os.kill(-1, signal.SIGKILL)\n"
                 "except OSError: pass\n"
                 "print('killed', flush=True); time.sleep(1000)",
                 env=echo_emulator.env())
    init.wait_log("killed")
    lab.wait_until(lambda: init.role("fairlead-tunnel"), what="a tunnel")
    init.wait_log("the tunnel was killed by SIGKILL")
    time.sleep(0.1)
    init.signal(signal.SIGTERM)
    assert init.wait() == 143
