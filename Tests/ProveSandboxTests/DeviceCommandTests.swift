#if Sandbox
  import Foundation
  import Testing

  /// `provekey device` beside the flow itself: what the device holds, and how it loses it.
  @Suite("the device's own commands")
  struct DeviceCommandTests {
    @Test("list names the key that a flow placed; forget and evict lose it")
    func keys() async throws {
      let sandbox = try SandboxProcess()
      let integrator = try await Integrator(sandbox)
      func enrol(_ code: String) async throws -> SandboxProcess.DeviceRun {
        let flow = try await integrator.unify(
          #""possessionType":"mobile","phoneNumber":"2001004014""#)
        return try sandbox.authenticate(flow.authToken, ["--otp", code])
      }
      let first = try #require(try await enrol("1234").deviceID)
      #expect(try sandbox.device(["list"]).deviceID == first)
      #expect(try sandbox.device(["forget", "--device", "another"]).exit == 1)
      #expect(try sandbox.device(["list"]).deviceID == first)
      #expect(try sandbox.device(["forget", "--device", first]).exit == 0)
      #expect(try sandbox.device(["list"]).deviceID == nil)
      // The key is gone: without the code there is no way in.
      #expect(try await enrol("1111").success == "false")
      let second = try #require(try await enrol("1234").deviceID)
      #expect(second != first)
      #expect(try sandbox.device(["evict"]).exit == 0)
      #expect(try sandbox.device(["list"]).deviceID == nil)
    }

    @Test("a flow that fails is exit code 1 with its reason; an option that makes no sense is 2")
    func exits() async throws {
      let sandbox = try SandboxProcess()
      let integrator = try await Integrator(sandbox)
      let flow = try await integrator.unify(
        #""possessionType":"mobile","phoneNumber":"2001004014""#)
      let wrong = try sandbox.authenticate(flow.authToken, ["--otp", "1111"])
      #expect(wrong.exit == 1 && wrong.success == "false" && wrong.reason == "otpFailed")
      #expect(try sandbox.authenticate(flow.authToken).exit == 1, "the authToken is used up")
      for options in [["--otp", "1234", "--otp-prompt"], ["--tap-link"]] {
        #expect(try sandbox.authenticate(flow.authToken, options).exit == 2, "\(options)")
      }
      // A vault is made by enroll only.
      let absent = try sandbox.device(
        ["authenticate", "--sandbox", sandbox.url, "--auth-token", flow.authToken],
        vault: "absent")
      #expect(absent.exit == 1)
      #expect(!FileManager.default.fileExists(atPath: sandbox.folder + "/absent.vault"))
    }
  }
#endif
