"""Asks for rows through Google's Python connector, as its README has it.

Prints what it got as JSON. Told what to do by JUDGE_* variables.
"""

import json
import os

from google.cloud.sql.connector import Connector

env = os.environ
with Connector(sqladmin_api_endpoint=env["JUDGE_ENDPOINT"],
               ip_type=env["JUDGE_IP_TYPE"],
               enable_iam_auth=bool(env.get("JUDGE_IAM"))) as connector:
    link = connector.connect(env["JUDGE_INSTANCE"], "pg8000",
                             user=env["JUDGE_USER"], db="orders")
    cursor = link.cursor()
    cursor.execute(env["JUDGE_SQL"])
    print(json.dumps([list(row) for row in cursor.fetchall()]))
    link.close()
