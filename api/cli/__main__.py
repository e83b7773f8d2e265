"""`python -m api.cli`: how the services are started, whatever the PATH says."""

from api.cli.app import main

main()
