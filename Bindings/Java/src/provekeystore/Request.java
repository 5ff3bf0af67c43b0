package provekeystore;

/** What an authentication asks for. Each method sets one thing, and returns this. */
public final class Request {
  /** Where it comes from. */
  public enum Channel {
    /** A phone. */
    MOBILE,
    /** A computer. */
    DESKTOP,
    /** Not said. */
    NONE
  }

  final Channel channel;
  String phoneNumber;
  String proveId;
  String storedDeviceId;
  boolean rebind;
  String visitorId;
  double visitorConfidence;
  String clientCustomerId;
  String clientHumanId;
  byte[] assertion;
  byte[] challenge;

  /** A request of a channel that asks for nothing yet. */
  public Request(Channel channel) {
    this.channel = channel;
  }

  /** Whose authentication it is. */
  public Request phoneNumber(String number) {
    phoneNumber = number;
    return this;
  }

  /** Prove's name of the consumer. */
  public Request proveId(String id) {
    proveId = id;
    return this;
  }

  /** The id that the device, or its server, has kept. */
  public Request storedDeviceId(String id) {
    storedDeviceId = id;
    return this;
  }

  /** Asks to bind the key to another number. */
  public Request rebind(boolean wanted) {
    rebind = wanted;
    return this;
  }

  /** Who visits, and how sure that is, from 0 to 1. */
  public Request visitor(String id, double confidence) {
    visitorId = id;
    visitorConfidence = confidence;
    return this;
  }

  /** The integrator's name of the customer. */
  public Request clientCustomerId(String id) {
    clientCustomerId = id;
    return this;
  }

  /** The integrator's name of the person. */
  public Request clientHumanId(String id) {
    clientHumanId = id;
    return this;
  }

  /** The key that is presented: an encoded assertion over a challenge of the registry. */
  public Request presenting(byte[] assertion, byte[] challenge) {
    this.assertion = assertion;
    this.challenge = challenge;
    return this;
  }
}
