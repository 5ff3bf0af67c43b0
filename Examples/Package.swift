// swift-tools-version: 6.3
import PackageDescription

let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

// Apart from the library, so that whoever links that never resolves a web framework. What stands here
// is explained in docs/integration.md.
let package = Package(
  name: "prove-key-store-examples",
  dependencies: [
    // Without the trait Sandbox, which a server or an app of one's own does not need.
    .package(name: "prove-key-store", path: "../", traits: []),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
  ],
  targets: [
    .executableTarget(
      name: "UnifyServer",
      dependencies: [
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "ProveDeviceRegistry", package: "prove-key-store"),
        .product(name: "ProveKeyModel", package: "prove-key-store"),
        .product(name: "ProveKeySealing", package: "prove-key-store"),
        .product(name: "ProveUnify", package: "prove-key-store"),
      ]),
    .target(
      name: "ShopDevice",
      dependencies: [
        .product(name: "ProveKeyModel", package: "prove-key-store"),
        .product(name: "ProveKeySealing", package: "prove-key-store"),
        .product(name: "ProveKeyVault", package: "prove-key-store"),
        .product(name: "ProveUnify", package: "prove-key-store"),
      ]),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "UnifyServer", "ShopDevice",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "ProveDeviceRegistry", package: "prove-key-store"),
        .product(name: "ProveKeyModel", package: "prove-key-store"),
        .product(name: "ProveKeySealing", package: "prove-key-store"),
        .product(name: "ProveKeyVault", package: "prove-key-store"),
        .product(name: "ProveUnify", package: "prove-key-store"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)

for target in package.targets {
  target.swiftSettings = (target.swiftSettings ?? []) + strict
}
