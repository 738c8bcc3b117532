/** The work that every contender does: this file, in this place. */
export const task = {
  partition: 4,
  path: '/mender/mender-agent.pem',
  /** As many as a private key of RSA-3072 has in PEM. */
  bytes: 2484,
  mode: 0o600,
};
