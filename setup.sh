#!/usr/bin/env bash
# Sets a fresh machine up: node modules, and a software Vulkan driver where no WebGPU adapter answers.
# Safe to run again; it does only what is missing.
set -euo pipefail
cd "$(dirname "$0")"

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

command -v node >/dev/null || fail 'Node.js is missing; install version 20.9 or newer, then run this again'
node -e 'const [a, b] = process.versions.node.split(".").map(Number);
  process.exit(a > 20 || (a === 20 && b >= 9) ? 0 : 1)' \
  || fail "Node.js $(node --version) is too old; 20.9 or newer is needed"

stamp=node_modules/.setup-stamp
if [ ! -f "$stamp" ] || ! cmp -s package-lock.json "$stamp"; then
  say 'installing node modules'
  npm ci --no-audit --no-fund --loglevel=error
  cp package-lock.json "$stamp"
else
  say 'node modules are up to date'
fi

adapter_answers() { node tools/probeAdapter.mjs 2>/dev/null; }

if name=$(adapter_answers); then
  say "WebGPU adapter: $name"
  exit 0
fi

say 'no WebGPU adapter answers; a software one (Mesa lavapipe) will do'
[ "$(uname -s)" = Linux ] || fail 'install a GPU driver with Vulkan, Metal or Direct3D 12, then run this again'
command -v apt-get >/dev/null \
  || fail 'install Mesa 23 or newer with its lavapipe Vulkan driver and the Vulkan loader by your package manager,' \
    'then run this again'

# shellcheck source=/dev/null
. /etc/os-release
packages=(mesa-vulkan-drivers libvulkan1)
target=()
backports="${VERSION_CODENAME:-unknown}-backports"
# Debian 12's own Mesa is too old for Dawn.
if [ "${ID:-}" = debian ] && [ "${VERSION_ID:-0}" -le 12 ]; then target=(-t "$backports"); fi

if [ "$(id -u)" -ne 0 ]; then
  fail "root is needed for that; run: sudo apt-get update &&" \
    "sudo apt-get install -y ${target[*]} ${packages[*]}${target[*]:+ (with $backports in your apt sources)}"
fi

apt-get update -qq
if [ ${#target[@]} -gt 0 ] && ! apt-get indextargets --format '$(RELEASE)' | grep -qx "$backports"; then
  # The same archive as the release itself comes from, whatever mirror this machine uses.
  site=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(SITE)' 'Created-By: Packages' \
    | awk -v release="$VERSION_CODENAME" '$1 == release && $2 == "main" { print $3; exit }')
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -n "${site:-}" ] \
    || fail "no apt source for $VERSION_CODENAME was found to derive $backports from; add it, then run this again"
  say "adding $backports from this machine's own archive"
  {
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n' "$site" "$backports"
    [ ! -f "$keyring" ] || printf 'Signed-By: %s\n' "$keyring"
  } > "/etc/apt/sources.list.d/$backports.sources"
  apt-get update -qq
fi
say "installing ${packages[*]}"
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${target[@]}" "${packages[@]}" >/dev/null

name=$(adapter_answers) || fail 'Mesa is installed, but still no WebGPU adapter answers; run "npm run doctor"'
say "WebGPU adapter: $name"
