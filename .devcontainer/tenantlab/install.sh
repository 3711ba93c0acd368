#!/bin/sh
# The feature's installer: tenantlab in an environment of its own, its command on everybody's path. Runs as root.
set -eu
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "tenantlab needs Python 3.11 or newer." >&2; exit 1; }
home=${TENANTLAB_HOME:-/usr/local/share/tenantlab}
bin=${TENANTLAB_BIN:-/usr/local/bin}
python3 -m venv "$home"
"$home/bin/python" -m pip install --quiet --disable-pip-version-check "${PACKAGE:-tenantlab}"
ln -sf "$home/bin/tenantlab" "$bin/tenantlab"
tenantlab=$bin/tenantlab
"$tenantlab" --version
