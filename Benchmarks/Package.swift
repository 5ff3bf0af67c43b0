// swift-tools-version: 6.1
import PackageDescription

// Apart from the library, so that whoever links that never resolves a benchmark's dependencies.
let package = Package(
  name: "prove-key-store-benchmarks",
  dependencies: [
    .package(name: "prove-key-store", path: "../"),
    .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    .executableTarget(
      name: "KeyLookup",
      dependencies: [
        .product(name: "Benchmark", package: "benchmark"),
        .product(name: "ProveKeyModel", package: "prove-key-store"),
        .product(name: "ProveKeySealing", package: "prove-key-store"),
        .product(name: "ProveKeyVault", package: "prove-key-store"),
        .product(name: "ProveDeviceRegistry", package: "prove-key-store"),
      ],
      path: "Benchmarks/KeyLookup",
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    .executableTarget(
      name: "HotPath",
      dependencies: [
        .product(name: "ProveKeyModel", package: "prove-key-store"),
        .product(name: "ProveKeySealing", package: "prove-key-store"),
        .product(name: "ProveKeyVault", package: "prove-key-store"),
      ],
      path: "Benchmarks/HotPath"),
    .target(
      name: "CFloor", path: "Floor", exclude: ["main.c", "peer.c"],
      cSettings: [.define("_GNU_SOURCE")],
      linkerSettings: [.linkedLibrary("sqlite3"), .linkedLibrary("sodium")]),
    .target(
      name: "CPlain", path: "Plain", exclude: ["cipher.c"],
      linkerSettings: [.linkedLibrary("sqlite3")]),
    .executableTarget(
      name: "RegistryComparison",
      dependencies: [
        "CFloor", "CPlain",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "ProveKeyModel", package: "prove-key-store"),
        .product(name: "ProveKeyPlatform", package: "prove-key-store"),
        .product(name: "ProveKeySealing", package: "prove-key-store"),
        .product(name: "ProveDeviceRegistry", package: "prove-key-store"),
        .product(name: "ProveDeviceRegistryPostgres", package: "prove-key-store"),
        .product(name: "ProveKeyTesting", package: "prove-key-store"),
      ],
      path: "Benchmarks/RegistryComparison"),
    .executableTarget(
      name: "RegistryHotPath",
      dependencies: [
        .product(name: "ProveKeyModel", package: "prove-key-store"),
        .product(name: "ProveKeyPlatform", package: "prove-key-store"),
        .product(name: "ProveKeySealing", package: "prove-key-store"),
        .product(name: "ProveDeviceRegistry", package: "prove-key-store"),
        .product(name: "ProveDeviceRegistryPostgres", package: "prove-key-store"),
        .product(name: "ProveKeyTesting", package: "prove-key-store"),
      ],
      path: "Benchmarks/RegistryHotPath"),
    .executableTarget(
      name: "Footprint",
      dependencies: [
        .product(name: "ProveKeyModel", package: "prove-key-store"),
        .product(name: "ProveKeyPlatform", package: "prove-key-store"),
        .product(name: "ProveKeySealing", package: "prove-key-store"),
        .product(name: "ProveKeyVault", package: "prove-key-store"),
        .product(name: "ProveDeviceRegistry", package: "prove-key-store"),
        .product(name: "ProveKeyTesting", package: "prove-key-store"),
      ],
      path: "Benchmarks/Footprint"),
    .executableTarget(
      name: "CallCost",
      dependencies: [
        .product(name: "ProveKeyModel", package: "prove-key-store"),
        .product(name: "ProveKeySealing", package: "prove-key-store"),
        .product(name: "ProveKeyVault", package: "prove-key-store"),
        .product(name: "ProveDeviceRegistry", package: "prove-key-store"),
        .product(name: "provekeystore-static", package: "prove-key-store"),
      ],
      path: "Benchmarks/CallCost"),
  ]
)
