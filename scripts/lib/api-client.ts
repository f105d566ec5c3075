/** How long one request to the local runtime may take, milliseconds: a caller that gets no answer asks again. */
const REQUEST_TIMEOUT_MS = 20_000;

export interface ApiAnswer {
  /** Method and path, for messages. */
  request: string;
  status: number;
  headers: Headers;
  /** Parsed JSON where the answer says it is JSON, else the text; null when there is none. */
  body: unknown;
}

export interface ApiOptions {
  headers?: Record<string, string>;
}

export interface ApiClient {
  get(path: string, options?: ApiOptions): Promise<ApiAnswer>;
  post(path: string, body?: unknown, options?: ApiOptions): Promise<ApiAnswer>;
  put(path: string, body?: unknown, options?: ApiOptions): Promise<ApiAnswer>;
  patch(path: string, body?: unknown, options?: ApiOptions): Promise<ApiAnswer>;
  del(path: string, options?: ApiOptions): Promise<ApiAnswer>;
}

/** An HTTP client for one caller. Answers of any status are values; only a missing answer throws. */
export function api(url: string, token?: string): ApiClient {
  const request = async (method: string, path: string, body: unknown, options: ApiOptions = {}): Promise<ApiAnswer> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const text = await response.text();
    const isJson = /^application\/([a-z.]+\+)?json\b/.test(response.headers.get("content-type") ?? "");
    return {
      request: `${method} ${path}`,
      status: response.status,
      headers: response.headers,
      body: text === "" ? null : isJson ? JSON.parse(text) : text,
    };
  };
  return {
    get: (path, options) => request("GET", path, undefined, options),
    post: (path, body, options) => request("POST", path, body, options),
    put: (path, body, options) => request("PUT", path, body, options),
    patch: (path, body, options) => request("PATCH", path, body, options),
    del: (path, options) => request("DELETE", path, undefined, options),
  };
}
