// swift-tools-version: 6.1
import PackageDescription

// Apart from the library, so that whoever links that never resolves a benchmark's dependencies.
let package = Package(
  name: "prove-key-store-benchmarks",
  dependencies: [
    .package(name: "prove-key-store", path: "../"),
    .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
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
