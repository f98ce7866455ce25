#!/bin/sh
# Makes the stack's secrets, each once and at random; what is there already stays as it is.
#   credentials.sh FOLDER HOST:PORT/DATABASE
# FOLDER then holds postgres-password, store-url (the record's address with that password), grafana-password, push-token.
set -eu
folder=$1
database=$2

keep() { # NAME VALUE: by renaming, so that a reader never sees half a secret
  [ -s "$folder/$1" ] && return
  printf '%s' "$2" >"$folder/.$1"
  chmod 0444 "$folder/.$1" # several users read it; only services that mount the volume can
  mv "$folder/.$1" "$folder/$1"
}

secret() { # 192 bits, in letters that an address may hold
  head -c 24 /dev/urandom | base64 | tr '+/' '-_'
}

keep postgres-password "$(secret)"
keep grafana-password "$(secret)"
keep push-token "$(secret)"
keep store-url "postgresql://onrecord:$(cat "$folder/postgres-password")@$database"
