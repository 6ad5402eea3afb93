#!/bin/sh
# stamp.sh CHECKOUT FILE: writes the commit of the checkout to FILE, unless that is what it says already.
cd "$1" || exit 1
commit=unknown
# The checkout itself, and not a folder of another one.
if prefix=$(git rev-parse --show-prefix 2>/dev/null) && [ -z "$prefix" ] && head=$(git rev-parse --short HEAD 2>/dev/null)
then
  commit=$head
  [ -z "$(git --no-optional-locks status --porcelain -- Package.swift Sources 2>/dev/null)" ] || commit=$commit-dirty
fi
text="let commit = \"$commit\""
[ "$(cat "$2" 2>/dev/null)" = "$text" ] || echo "$text" >"$2"
