"""Rows through the AlloyDB connector for Python, as JSON; alloydb_judges.py
sets the environment."""

import json
import os

from google.cloud.alloydbconnector import Connector

with Connector(alloydb_api_endpoint=os.environ["JUDGE_ENDPOINT"],
               ip_type=os.environ["JUDGE_IP_TYPE"],
               enable_iam_auth="JUDGE_IAM" in os.environ) as connector:
    link = connector.connect(os.environ["JUDGE_INSTANCE"], "pg8000",
                             user=os.environ["JUDGE_USER"], password="none",
                             db="orders")
    cursor = link.cursor()
    cursor.execute(os.environ["JUDGE_SQL"])
    print(json.dumps([list(row) for row in cursor.fetchall()]))
    link.close()
