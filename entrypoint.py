"""The start of the action in its container; see galleria_action.main.run for the flow."""

from galleria_action.__main__ import start

start()
