"""What cloud-sql-proxy has, beyond what both products do."""

from compare import scenario
from side import CLOUDSQL

REFUSED = {
    "private and automatic address": ["--private-ip", "--auto-ip", "I"],
    "private address and PSC": ["--private-ip", "--psc", "I"],
    "endpoint and universe": ["--universe-domain", "x.example", "I"],
}


def refused(arguments):
    def action(side):
        side.run(*(side.instance + a[1:] if a[:1] == "I" else a
                   for a in arguments))
    return action


for _name, _arguments in REFUSED.items():
    scenario(CLOUDSQL, name=f"refused: {_name}")(refused(_arguments))
