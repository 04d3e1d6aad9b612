#!/bin/sh
# Installs what the local engines need and this machine lacks.
# Usage: install.sh [PACKAGE...]   (Debian's names; all three by default)
set -eu

[ $# -gt 0 ] || set -- openjdk-17-jre-headless maven redis-server

if ! command -v apt-get >/dev/null 2>&1 || [ ! -f /etc/debian_version ]; then
    echo "missing: $*. This is not Debian: install Java 17, Maven and Redis 7 by hand." >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "missing: $*. As root: apt-get install --no-install-recommends $*" >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
apt-get -qq -o DPkg::Lock::Timeout=120 update
# A Redis service that the package may start is neither used nor touched: ours has its own port.
apt-get -qq -y -o DPkg::Lock::Timeout=120 install --no-install-recommends "$@"
