#!/bin/sh
# Makes the stack's secrets, each once and at random; what is there already stays as it is.
#   credentials.sh FOLDER HOST:PORT/DATABASE OWNERS READERS PUSHERS GRAFANAS
# The last four are groups: whoever is in one may read its file, and the database's server (the same user) all of them.
set -eu
umask 077
folder=$1 database=$2 owners=$3 readers=$4 pushers=$5 grafanas=$6

keep() { # NAME GROUP VALUE: by renaming, so that a reader never sees half a secret
  if ! [ -s "$folder/$1" ]; then
    printf '%s' "$3" >"$folder/.$1"
    mv "$folder/.$1" "$folder/$1"
  fi
  chgrp "$2" "$folder/$1"
  chmod 0440 "$folder/$1"
}

secret() { # 192 bits, in letters that an address may hold
  head -c 24 /dev/urandom | base64 | tr '+/' '-_'
}

address() { # USER PASSWORD-FILE: of the record
  printf 'postgresql://%s:%s@%s' "$1" "$(cat "$folder/$2")" "$database"
}

own=$(id -g)
keep postgres-password "$own" "$(secret)"
keep reader-password "$own" "$(secret)"
keep grafana-password "$grafanas" "$(secret)"
keep push-token "$pushers" "$(secret)"
keep store-url "$owners" "$(address onrecord postgres-password)"
keep reader-url "$readers" "$(address onrecord_reader reader-password)"
