#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# embed.sh FILE SYMBOL: prints a C header that holds the text of FILE as `static const char SYMBOL[]`.
set -eu

if [ $# -ne 2 ]; then
  echo "usage: embed.sh FILE SYMBOL" >&2
  exit 2
fi
if [ ! -r "$1" ]; then
  echo "embed.sh: $1: cannot be read" >&2
  exit 1
fi

# ISO C promises no literal beyond 4095 characters; every compiler we build with takes more.
cat <<END
/* Made from $(basename "$1"): edit that. */
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
#endif
static const char $2[] =
END
sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$/\\n"/' "$1"
cat <<END
    ;
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
END
