"""The differences that are meant, each with its reason. What is not here is
a bug of fairlead's, and what is here but does not show any more fails too.
"""

from compare import Better
from side import CLOUDSQL

# What is said in other words where Go's libraries speak.
WORDS = [
    Better("refused: port that is no number", "stderr",
           r'.*for "-p, --port" flag: strconv.*',
           r'.*for "--port" flag: "five" is not a port.*',
           "Go's strconv speaks to programmers", of=(CLOUDSQL,)),
    Better("refused: duration without a unit", "stderr",
           r".* time: missing unit .*", r".* write it with its unit.*",
           "it says what would be right", of=(CLOUDSQL,)),
    Better(["refused: number that is none",
            "refused: flag that is neither true nor false"], "stderr",
           r".* strconv\..*", r'.* "[^"]*" is (not a|neither).*',
           "Go's strconv speaks to programmers", of=(CLOUDSQL,)),
    Better(["refused: query: address and socket",
            "refused: query: port and socket"], "stderr",
           r"Error: cannot specify .* query params",
           r"Error: cannot specify .* query params \(.*\)",
           "of which instance", of=(CLOUDSQL,)),
    Better("refused: query: bad port", "stderr",
           r".*not a valid integer: \"abc\"", r".* \(0 to 65535\)",
           "the range is said, and checked", of=(CLOUDSQL,)),
    Better(["refused: query: two ports", "refused: query: two addresses"],
           "stderr", r".* should be only one value: .*",
           r".* should be only one value \(.*\)",
           "of which instance; theirs shows an empty list", of=(CLOUDSQL,)),
    Better("refused: config file that is not there", "stderr",
           r".*: open .*: no such file or directory",
           r".*: could not open it: No such file or directory",
           "Go's words for a system's error", of=(CLOUDSQL,)),
]

# What does not make sense where fairlead runs.
ABSENT = [
    Better("refused: gcloud and IAM login", "stderr", ".*",
           r"Error: --gcloud-auth is not supported: .*",
           "no gcloud in a container without a shell; the remedy is said",
           of=(CLOUDSQL,)),
]

IMPROVEMENTS = WORDS + ABSENT
