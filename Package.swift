// swift-tools-version: 6.3
import PackageDescription

let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .treatWarning("ExplicitSendable", as: .error),
  .enableUpcomingFeature("ExistentialAny"),  // SE-0335
  .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
  .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
]

// Targets stand in the order of the floors: each imports only from floors below it.
let package = Package(
  name: "prove-key-store",
  products: [
    .library(name: "ProveKeyModel", targets: ["ProveKeyModel"]),
    .library(name: "ProveKeyPlatform", targets: ["ProveKeyPlatform"]),
    .library(name: "ProveKeySealing", targets: ["ProveKeySealing"]),
    .library(name: "ProveKeyVault", targets: ["ProveKeyVault"]),
    .library(name: "ProveDeviceRegistry", targets: ["ProveDeviceRegistry"]),
    .library(name: "ProveDeviceRegistryPostgres", targets: ["ProveDeviceRegistryPostgres"]),
    .library(name: "ProveUnify", targets: ["ProveUnify"]),
    .library(name: "ProveSandbox", targets: ["ProveSandbox"]),
    .library(name: "ProveKeyTesting", targets: ["ProveKeyTesting"]),
    .executable(name: "provekey", targets: ["provekey"]),
    .library(name: "provekeystore", type: .dynamic, targets: ["ProveKeyStoreC"]),
    .library(name: "provekeystore-static", type: .static, targets: ["ProveKeyStoreC"]),
  ],
  traits: [
    .default(enabledTraits: ["Sandbox"]),
    .trait(name: "Sandbox", description: "The HTTP sandbox: `provekey sandbox`."),
  ],
  dependencies: [
    .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.0"),
  ],
  targets: [
    // Floor 0: system libraries.
    .systemLibrary(
      name: "CSodium", pkgConfig: "libsodium",
      providers: [.apt(["libsodium-dev"]), .brew(["libsodium"])]),
    .systemLibrary(
      name: "CSQLite", pkgConfig: "sqlite3",
      providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]),
    .systemLibrary(name: "CLinux"),
    .systemLibrary(
      name: "CLibPQ", pkgConfig: "libpq",
      providers: [.apt(["libpq-dev"]), .brew(["libpq"])]),
    .systemLibrary(name: "CProveKeyStore"),

    // Floor 1: values and rules.
    .target(name: "ProveKeyModel"),

    // Floor 2: the lock, the clock, sealing, the database, lines of JSON.
    .target(name: "ProveKeyPlatform", dependencies: ["ProveKeyModel"]),
    .target(
      name: "ProveKeySealing",
      dependencies: ["CLinux", "CSodium", "ProveKeyModel", "ProveKeyPlatform"]),
    .target(name: "SQLiteDatabase", dependencies: ["CSQLite", "ProveKeyPlatform"]),
    .target(name: "JSONLines"),

    // Floor 3: the two stores.
    .target(
      name: "ProveKeyVault",
      dependencies: ["ProveKeyModel", "ProveKeyPlatform", "ProveKeySealing", "SQLiteDatabase"]),
    .target(
      name: "ProveDeviceRegistry",
      dependencies: [
        "JSONLines", "ProveKeyModel", "ProveKeyPlatform", "ProveKeySealing", "SQLiteDatabase",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ]),
    .target(
      name: "ProveDeviceRegistryPostgres",
      dependencies: [
        "CLibPQ", "ProveDeviceRegistry", "ProveKeyModel", "ProveKeyPlatform", "ProveKeySealing",
      ]),
    .target(
      name: "ProveKeyTesting",
      dependencies: [
        "ProveKeyModel", "ProveKeyPlatform", "ProveKeySealing", "ProveKeyVault",
        "ProveDeviceRegistry",
      ]),

    // Floor 4: the flow, and the vault for programs in other languages.
    .target(
      name: "ProveUnify",
      dependencies: [
        "ProveKeyModel", "ProveKeyPlatform", "ProveKeySealing", "ProveKeyVault",
        "ProveDeviceRegistry",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "JWTKit", package: "jwt-kit"),
      ]),

    .target(
      name: "ProveKeyShell", dependencies: ["JSONLines", "ProveKeyModel", "ProveKeyVault"]),
    .target(
      name: "ProveRegistryShell",
      dependencies: [
        "JSONLines", "ProveKeyModel", "ProveKeyPlatform", "ProveKeySealing",
        "ProveDeviceRegistry",
      ]),

    // Floor 5: the sandbox, empty without its trait, the command line, and the C library.
    .target(
      name: "ProveSandbox",
      dependencies: [
        "ProveKeyModel", "ProveKeyPlatform", "ProveKeySealing", "ProveDeviceRegistry",
        "ProveUnify",
        .product(name: "Crypto", package: "swift-crypto", condition: .when(traits: ["Sandbox"])),
        .product(name: "FlyingSocks", package: "FlyingFox", condition: .when(traits: ["Sandbox"])),
      ],
      // In the program itself, so that an installed one needs no folder beside it.
      resources: [.embedInCode("Page/Assets")]),
    .executableTarget(
      name: "provekey",
      dependencies: [
        "ProveKeyModel", "ProveKeyPlatform", "ProveKeySealing", "ProveKeyVault",
        "ProveDeviceRegistry", "ProveDeviceRegistryPostgres", "ProveUnify", "ProveKeyShell",
        "ProveRegistryShell", "JSONLines", "ProveSandbox",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(
          name: "UnixSignals", package: "swift-service-lifecycle",
          condition: .when(traits: ["Sandbox"])),
      ]),

    .target(
      name: "ProveKeyStoreC",
      dependencies: [
        "CProveKeyStore", "ProveKeyModel", "ProveKeyPlatform", "ProveKeySealing", "ProveKeyVault",
        "ProveDeviceRegistry", "ProveDeviceRegistryPostgres", "ProveKeyShell",
      ]),

    // The example that docs/server-wrapper.md explains.
    .executableTarget(
      name: "example-server",
      dependencies: [
        "ProveDeviceRegistry", "ProveKeyModel", "ProveKeySealing",
        .product(name: "FlyingFox", package: "FlyingFox", condition: .when(traits: ["Sandbox"])),
        .product(name: "FlyingSocks", package: "FlyingFox", condition: .when(traits: ["Sandbox"])),
      ], path: "docs/examples/server"),

    .testTarget(name: "ProveKeyModelTests", dependencies: ["ProveKeyModel"]),
    .testTarget(
      name: "ProveKeySealingTests",
      dependencies: ["ProveKeySealing", "ProveKeyModel", "ProveKeyPlatform"]),
    .testTarget(
      name: "SQLiteDatabaseTests", dependencies: ["SQLiteDatabase", "ProveKeyPlatform"]),
    .testTarget(
      name: "ProveKeyVaultTests",
      dependencies: [
        "ProveKeyVault", "ProveKeyModel", "ProveKeyPlatform", "ProveKeySealing", "SQLiteDatabase",
        "CampaignSupport", "CFaultVFS",
      ],
      exclude: ["Fixtures"]),
    .target(
      name: "CFaultVFS", path: "Tests/CFaultVFS", linkerSettings: [.linkedLibrary("sqlite3")]),
    .target(
      name: "CampaignSupport", dependencies: ["CFaultVFS"], path: "Tests/CampaignSupport"),
    .testTarget(
      name: "ProveKeyTestingTests",
      dependencies: [
        "ProveKeyTesting", "ProveKeyModel", "ProveKeyPlatform", "ProveKeySealing", "ProveKeyVault",
        "ProveDeviceRegistry", "StoreTestSupport",
      ]),
    .target(
      name: "StoreTestSupport",
      dependencies: [
        "CampaignSupport", "ProveKeyTesting", "ProveDeviceRegistry", "ProveKeyModel",
        "ProveKeyPlatform", "ProveKeySealing",
      ], path: "Tests/StoreTestSupport"),
    .target(
      name: "PostgresTestSupport", dependencies: ["ProveKeyPlatform"],
      path: "Tests/PostgresTestSupport"),
    .testTarget(
      name: "ProveDeviceRegistryTests",
      dependencies: [
        "ProveDeviceRegistry", "ProveKeyModel", "ProveKeyPlatform", "ProveKeySealing",
        "ProveKeyTesting", "SQLiteDatabase", "StoreTestSupport", "CampaignSupport", "CFaultVFS",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "MetricsTestKit", package: "swift-metrics"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "ProveDeviceRegistryPostgresTests",
      dependencies: [
        "provekey", "ProveDeviceRegistryPostgres", "ProveDeviceRegistry", "ProveKeyModel",
        "ProveKeyPlatform", "ProveKeySealing", "ProveKeyTesting", "StoreTestSupport",
        "PostgresTestSupport",
        .product(name: "MetricsTestKit", package: "swift-metrics"),
      ]),
    .testTarget(
      name: "ProveUnifyTests",
      dependencies: [
        "ProveUnify", "ProveDeviceRegistry", "ProveDeviceRegistryPostgres", "ProveKeyVault",
        "ProveKeyModel", "ProveKeyPlatform", "ProveKeySealing", "CampaignSupport",
        "PostgresTestSupport",
        .product(name: "Crypto", package: "swift-crypto"),
      ]),
    .testTarget(
      name: "ProveKeyShellTests",
      dependencies: [
        "ProveKeyShell", "JSONLines", "ProveKeyVault", "ProveKeyModel", "ProveKeyPlatform",
        "ProveKeySealing",
      ]),
    .testTarget(
      name: "ProveRegistryShellTests",
      dependencies: [
        "ProveRegistryShell", "JSONLines", "ProveDeviceRegistry", "ProveKeyModel",
        "ProveKeyPlatform", "ProveKeySealing", "CampaignSupport",
      ]),
    .testTarget(
      name: "provekeyTests", dependencies: ["provekey", "ProveKeySealing", "StoreTestSupport"]),
    .testTarget(
      name: "ProveSandboxTests",
      dependencies: [
        "provekey", "ProveSandbox", "ProveUnify", "ProveDeviceRegistry", "ProveKeyVault",
        "ProveKeyModel", "ProveKeyPlatform", "ProveKeySealing", "PostgresTestSupport",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "FlyingSocks", package: "FlyingFox", condition: .when(traits: ["Sandbox"])),
      ]),
    .testTarget(
      name: "ExampleTests",
      dependencies: [
        "ProveDeviceRegistry", "ProveKeyModel", "ProveKeySealing", "ProveKeyVault",
        "ProveKeyTesting", "example-server",
      ]),
    .testTarget(name: "TidyTests"),
  ],
  swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system {
  target.swiftSettings = (target.swiftSettings ?? []) + strict
}
