"""Gets the judges: Google's own programs, by the ordinary ways.

All of it goes to build/judge; what is there already is kept. Packages of
the system (Node.js, venv, Go) are tests/deps' business.
"""

import filecmp
import os
import re
import shutil
import subprocess

import lab

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(lab.BUILD, "judge")
GO_MODULES = {
    "cloud-sql-proxy": "github.com/GoogleCloudPlatform/cloud-sql-proxy/v2",
    "alloydb-auth-proxy": "github.com/GoogleCloudPlatform/alloydb-auth-proxy",
}

# What their newest releases demand. A Go that is older may be too old to
# fetch a newer one, or forbidden to, but it can download it: toolchains are
# published as modules.
GO_OLDEST = (1, 27, 3)
GO_TOOLCHAIN = "golang.org/toolchain@v0.0.1-go1.27.3.linux-amd64"


class Missing(Exception):
    pass


def run(argv, what, **how):
    print(f"judge: {what}", flush=True)
    done = subprocess.run(argv, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, **how)
    if done.returncode:
        raise Missing(f"{what} failed:\n{done.stdout[-2000:]}")
    return done.stdout


def command(name):
    path = shutil.which(name)
    if not path:
        raise Missing(f"{name} is not installed")
    return path


def unchanged(source, copy):
    return os.path.exists(copy) and filecmp.cmp(source, copy, shallow=False)


def go():
    """(path of a go that is new enough, its environment)."""
    env = dict(os.environ, GOFLAGS="-modcacherw")
    path = command("go")
    version = subprocess.run([path, "version"], stdout=subprocess.PIPE,
                             text=True, env=env).stdout
    found = re.search(r"go(\d+)\.(\d+)(?:\.(\d+))?", version)
    if found and tuple(int(n or 0) for n in found.groups()) >= GO_OLDEST:
        return path, env
    env["GOPATH"] = os.path.join(FOLDER, "gopath")
    env["GOCACHE"] = os.path.join(FOLDER, "gocache")
    root = os.path.join(env["GOPATH"], "pkg", "mod", GO_TOOLCHAIN)
    if not os.path.exists(os.path.join(root, "bin", "go")):
        run([path, "mod", "download", GO_TOOLCHAIN],
            f"getting a newer Go than {version.strip()}", env=env,
            cwd=FOLDER)
        # A module's files come without their execute bits.
        run(["chmod", "-R", "u+wx", os.path.join(root, "bin"),
             os.path.join(root, "pkg", "tool")], "making it executable")
    env["GOTOOLCHAIN"] = "local"
    return os.path.join(root, "bin", "go"), env


def go_program(name):
    binary = os.path.join(FOLDER, "bin", name)
    if not os.path.exists(binary):
        os.makedirs(FOLDER, exist_ok=True)
        path, env = go()
        env["GOBIN"] = os.path.dirname(binary)
        run([path, "install", GO_MODULES[name] + "@latest"],
            f"go install {name}", env=env, cwd=FOLDER)
    return binary


def node_packages(name, source=HERE, *, programs=()):
    """The folder build/judge/NAME with the packages of a lock file, and the
    programs beside it: next to a script is where Node.js looks for them."""
    folder = os.path.join(FOLDER, name)
    os.makedirs(folder, exist_ok=True)
    files = ("package.json", "package-lock.json")
    if not os.path.isdir(os.path.join(folder, "node_modules")) or not all(
            unchanged(os.path.join(source, name), os.path.join(folder, name))
            for name in files):
        for name in files:
            shutil.copyfile(os.path.join(source, name),
                            os.path.join(folder, name))
        run([command("npm"), "ci", "--no-audit", "--no-fund",
             "--ignore-scripts"], "npm ci", cwd=folder)
    for name in programs:
        shutil.copyfile(os.path.join(source, name),
                        os.path.join(folder, name))
    return folder


def node_connector():
    return node_packages("node", programs=("node_judge.js",))


def tutorial():
    return node_packages("tutorial", os.path.join(HERE, "tutorial"),
                         programs=("postgres.js", "mysql.js"))


def python_connector(name="python", requirements="requirements.txt"):
    folder = os.path.join(FOLDER, name)
    wanted = os.path.join(HERE, requirements)
    stamp = os.path.join(folder, "requirements.txt")
    python = os.path.join(folder, "bin", "python")
    if not unchanged(wanted, stamp):
        shutil.rmtree(folder, ignore_errors=True)
        run([lab.PYTHON, "-m", "venv", folder], "a Python environment")
        run([python, "-m", "pip", "install", "-q", "-r", wanted],
            "pip install")
        shutil.copyfile(wanted, stamp)
    return python
