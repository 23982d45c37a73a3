"""The control port: changes behaviour at run time and shows the log.

    GET    /control              settings as they are
    POST   /control              a settings patch (see settings.py)
    POST   /control/reset        settings of the start; log cleared
    GET    /control/log          events; ?since=SEQ and ?event=KIND select
    DELETE /control/log          forget events and counts
    GET    /control/counts       counters, and connections open now
    POST   /control/cut          reset every data-plane connection
"""

import json

from settings import SettingsError
from web import google_error, json_response


class Control:
    def __init__(self, emulator):
        self.emulator = emulator

    def __call__(self, request):
        emulator = self.emulator
        route = (request.method, request.path.rstrip("/"))
        try:
            if route == ("GET", "/control"):
                return json_response(200, emulator.settings.dump())
            if route == ("POST", "/control"):
                emulator.settings.apply(json.loads(request.body))
                emulator.adjust()
                return json_response(200, emulator.settings.dump())
            if route == ("POST", "/control/reset"):
                emulator.settings.reset()
                emulator.adjust()
                emulator.journal.clear()
                return json_response(200, {})
            if route == ("GET", "/control/log"):
                return json_response(200, emulator.journal.events(
                    int(request.query.get("since", 0)),
                    request.query.get("event")))
            if route == ("DELETE", "/control/log"):
                emulator.journal.clear()
                return json_response(200, {})
            if route == ("GET", "/control/counts"):
                counts = emulator.journal.counts()
                counts["open"] = sum(p.live() for p in emulator.planes)
                return json_response(200, counts)
            if route == ("POST", "/control/cut"):
                for plane in emulator.planes:
                    plane.cut()
                return json_response(200, {})
        except (SettingsError, ValueError) as err:
            return json_response(400, google_error(400, str(err)))
        except OSError as err:
            return json_response(500, google_error(500, str(err)))
        return json_response(404, google_error(404, "no such control"))
