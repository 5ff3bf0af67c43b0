/** Vault and registry of Prove Keys, through the C library libprovekeystore. */
module provekeystore {
  requires com.sun.jna;

  exports provekeystore;

  opens provekeystore.internal to
      com.sun.jna;
}
