"""Fails if a dependency that users build requires a newer Rust than `Cargo.toml` promises.

Reads `cargo metadata --format-version 1 --all-features` from standard input. Newer parts of
the standard library are found by clippy's lint `incompatible_msrv`. Together they replace a build
with that toolchain, which not every machine can install.
"""

import json
import sys


def version(text):
    return tuple(int(part) for part in (text or "0").split(".")[:2])


metadata = json.load(sys.stdin)
packages = {package["id"]: package for package in metadata["packages"]}
nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
members = metadata["workspace_members"]
promised = version(packages[members[0]]["rust_version"])

waiting, built = list(members), set()
while waiting:
    package = waiting.pop()
    if package not in built:
        built.add(package)
        for dependency in nodes[package]["deps"]:
            # Users do not build dependencies that only tests have.
            if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])

newer = [packages[package] for package in built if version(packages[package]["rust_version"]) > promised]
for package in newer:
    print(f"{package['name']} {package['version']} needs Rust {package['rust_version']}")
print(f"{len(built)} packages, {len(newer)} of them need more than Rust {'.'.join(map(str, promised))}")
sys.exit(bool(newer))
