"""The folders that all tests share, made once: writing them takes half a minute."""
import atexit
import pathlib
import tempfile

import world
from browser import Settings

_made = {}


def folder():
    if "folder" not in _made:
        temporary = tempfile.TemporaryDirectory(prefix="nadir-browser-")
        atexit.register(temporary.cleanup)
        _made["folder"] = pathlib.Path(temporary.name)
    return _made["folder"]


def labelled_world():
    if "world" not in _made:
        place = folder() / "labelled"
        place.mkdir()
        _made["world"] = world.World(Settings.program, place)
    return _made["world"]


def million():
    if "million" not in _made:
        _made["million"] = world.write_million(folder() / "million")
    return _made["million"]


def dashboard(*words, port=0):
    return world.Dashboard(Settings.program, *words, port=port)
