export interface HttpTimeouts {
  /** Until TCP and TLS are up, in milliseconds. */
  readonly connect: number;
  /** Until the head of the reply is there. */
  readonly headers: number;
  /** Between two pieces of the reply's body. */
  readonly body: number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the server's URL, with a leading slash and its query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Besides those that every request has; names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** How a server is spoken of where something is wrong with the way to it. */
export interface EndpointNames {
  /** What answers there, with its article: `a Mender server`. */
  readonly product: string;
  /** The profile's field that holds the URL. */
  readonly urlField: string;
  /** The profile's field that names the certificate authority. */
  readonly authorityField: string;
}

export interface HttpReply {
  readonly status: number;
  /** Of a header that came more than once all values, joined by a comma. Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
  /** Scheme, host and port that answered, for sentences. */
  readonly origin: string;
}
