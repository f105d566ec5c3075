// Over 350 lines: a whole platform, in the order of the standards that it is written from.

import { createLocalJWKSet, exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from "jose";

// A platform as the standards describe it: IMS Security Framework 1.0 (section 5), LTI 1.3 core (sections 4 and 5). It knows
// nothing of the tool but the two addresses that an administrator would enter.

const CLAIM = "https://purl.imsglobal.org/spec/lti/claim";
export const MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership";
export const LEARNER = `${MEMBERSHIP}#Learner`;
export const INSTRUCTOR = `${MEMBERSHIP}#Instructor`;

/** What an administrator enters at a tool, by the names of the standard. */
export interface Registered {
  issuer: string;
  client_id: string;
  auth_url: string;
  token_url: string;
  jwks_url: string;
  deployments: string[];
}

export interface Person {
  sub: string;
  name?: string;
  roles: string[];
}

/** What a link of a course of the platform says. */
export interface Placed {
  link?: string;
  target: string;
  context?: string;
  custom?: Record<string, string>;
}

/** What the tool sent the browser to the platform with. */
export interface AuthRequest {
  state: string;
  nonce: string;
  redirect_uri: string;
}

export interface TakenScore {
  userId: string;
  timestamp: string;
  activityProgress: string;
  gradingProgress: string;
  scoreGiven?: number;
  scoreMaximum?: number;
}

/** What a column says of somebody (Assignment and Grade Services 2.0, section 3.3.2). */
export interface Result {
  resultScore?: number | null;
  resultMaximum?: number;
  comment?: string;
}

type Claims = Record<string, unknown>;

export class TestPlatform {
  readonly registered: Registered;
  readonly host: string;
  /** Requests for its keys. */
  keyFetches = 0;
  /** What answers instead of its keys, if set. */
  down: (() => Response) | null = null;
  /** The tool's public keys, as its administrator gave their address. */
  toolKeys: { keys: JWK[] } | null = null;
  tokensGiven = 0;
  /** What its services answer instead, if set. */
  busy: (() => Response) | null = null;
  readonly scores: (TakenScore & { column: string })[] = [];
  /** What it says differently of itself. */
  oddly: Claims = {};
  registrationToken: string | null = null;
  readonly told: Claims[] = [];
  /** Its gradebook: columns with their maximum, in their order. */
  readonly columns = new Map<string, { label: string; maximum: number }>();
  /** Results of each column: what its tool has sent, and what a teacher has given since. */
  readonly results = new Map<string, Map<string, Result>>();
  readonly resultPages: string[] = [];
  /** Results of one page. */
  resultsPerPage = 2;
  /** Columns that a tool may not read. */
  readonly closedColumns = new Set<string>();
  members: { user_id: string; roles: string[]; status?: string; name?: string }[] = [];
  /** Who has changed since, where it says so. */
  changed: TestPlatform["members"] = [];
  tellsDifferences = false;
  /** Whether columns have a query in their address, as Moodle's do. */
  needsQuery = true;
  /** Another address of the next page than its own. */
  nextPage: string | null = null;
  readonly memberPages: string[] = [];
  readonly #tokens = new Map<string, string[]>();
  readonly #jtis = new Set<string>();
  #keys: { kid: string; pair: CryptoKeyPair; jwk: object }[] = [];
  #serial = 0;

  constructor(own: Partial<Registered> = {}) {
    this.host = `lms-${crypto.randomUUID().slice(0, 8)}.example.org`;
    this.registered = {
      issuer: `https://${this.host}`,
      client_id: `client-${crypto.randomUUID().slice(0, 8)}`,
      auth_url: `https://${this.host}/auth?tenant=one`,
      token_url: `https://${this.host}/token`,
      jwks_url: `https://${this.host}/jwks`,
      deployments: ["dep-1"],
      ...own,
    };
  }

  /** Publishes a new key and signs with it from now on. @param keepOld whether the keys before stay published. */
  async rotate(keepOld = true): Promise<void> {
    this.#serial += 1;
    const kid = `k${this.#serial}`;
    const pair = await generateKeyPair("RS256", { extractable: true });
    const jwk = { ...(await exportJWK(pair.publicKey)), kid, alg: "RS256", use: "sig" };
    this.#keys = [{ kid, pair, jwk }, ...(keepOld ? this.#keys : [])];
  }

  get publicKey(): CryptoKey {
    const [key] = this.#keys;
    if (key === undefined) throw new Error("the platform has no key yet");
    return key.pair.publicKey;
  }

  /** Answers what a tool fetches from it; null: it is not its address. */
  async answer(request: Request): Promise<Response | null> {
    const url = new URL(request.url);
    if (url.hostname !== this.host) return null;
    if (url.href === this.registered.jwks_url) {
      this.keyFetches += 1;
      return this.down?.() ?? Response.json({ keys: this.#keys.map(({ jwk }) => jwk) });
    }
    if (url.href === this.registered.token_url) return this.#token(request);
    if (url.pathname === "/openid") return Response.json(this.configuration);
    if (url.pathname === "/register") return this.#register(request);
    return this.#service(request, url);
  }

  /** What it says of itself (Dynamic Registration 1.0, section 3.4). */
  get configuration(): Claims {
    const { issuer, auth_url, token_url, jwks_url } = this.registered;
    return {
      issuer,
      authorization_endpoint: auth_url,
      token_endpoint: token_url,
      token_endpoint_auth_methods_supported: ["private_key_jwt"],
      jwks_uri: jwks_url,
      registration_endpoint: `https://${this.host}/register`,
      scopes_supported: ["openid"],
      response_types_supported: ["id_token"],
      id_token_signing_alg_values_supported: ["RS256"],
      ...this.oddly,
    };
  }

  /** Registers a tool (section 3.6), if it says what the standard asks for. */
  async #register(request: Request): Promise<Response> {
    if (this.busy !== null) return this.busy();
    const wanted = this.registrationToken;
    if (wanted !== null && request.headers.get("authorization") !== `Bearer ${wanted}`) {
      return new Response(null, { status: 401 });
    }
    const told = (await request.json()) as Claims;
    const required = ["initiate_login_uri", "redirect_uris", "client_name", "jwks_uri"];
    const isWhole =
      required.every((name) => told[name] !== undefined) &&
      told.token_endpoint_auth_method === "private_key_jwt" &&
      told.application_type === "web" &&
      JSON.stringify(told.response_types) === '["id_token"]' &&
      JSON.stringify(told.grant_types) === '["implicit","client_credentials"]';
    if (!isWhole) return Response.json({ error: "invalid_client_metadata" }, { status: 400 });
    this.told.push(told);
    const name = "https://purl.imsglobal.org/spec/lti-tool-configuration";
    return Response.json({
      ...told,
      client_id: this.registered.client_id,
      [name]: { ...(told[name] as object), deployment_id: this.registered.deployments[0] },
    });
  }

  /** An access token for a statement of the tool (Security Framework 1.0, section 4.1). */
  async #token(request: Request): Promise<Response> {
    const form = new URLSearchParams(await request.text());
    const refused = (error: string) => Response.json({ error }, { status: 400 });
    if (form.get("grant_type") !== "client_credentials") return refused("unsupported_grant_type");
    const type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    if (form.get("client_assertion_type") !== type || this.toolKeys === null) return refused("invalid_request");
    try {
      const { client_id, token_url } = this.registered;
      const { payload } = await jwtVerify(form.get("client_assertion") ?? "", createLocalJWKSet(this.toolKeys), {
        algorithms: ["RS256"],
        issuer: client_id,
        subject: client_id,
        audience: token_url,
        requiredClaims: ["iat", "exp", "jti"],
      });
      if (typeof payload.jti !== "string" || this.#jtis.has(payload.jti)) return refused("invalid_client");
      this.#jtis.add(payload.jti);
    } catch {
      return refused("invalid_client");
    }
    const token = crypto.randomUUID();
    const scope = form.get("scope") ?? "";
    this.#tokens.set(token, scope.split(" "));
    this.tokensGiven += 1;
    return Response.json({ access_token: token, token_type: "Bearer", expires_in: 3_600, scope });
  }

  /** Ends every access token. */
  endTokens(): void {
    this.#tokens.clear();
  }

  async #service(request: Request, url: URL): Promise<Response> {
    const token = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
    const scopes = this.#tokens.get(token);
    if (scopes === undefined) return new Response(null, { status: 401 });
    if (this.busy !== null) return this.busy();
    const column = /^\/columns\/([^/]+)\/scores$/.exec(url.pathname)?.[1];
    if (request.method === "POST" && column !== undefined) {
      if (!scopes.includes("https://purl.imsglobal.org/spec/lti-ags/scope/score"))
        return new Response(null, { status: 403 });
      if (this.needsQuery && url.searchParams.get("type_id") !== "5")
        return new Response("the query is lost", { status: 404 });
      if (request.headers.get("content-type") !== "application/vnd.ims.lis.v1.score+json") {
        return new Response(null, { status: 415 });
      }
      const score = (await request.json()) as TakenScore;
      const before = this.scores.findLast((one) => one.column === column && one.userId === score.userId);
      if (before !== undefined && before.timestamp > score.timestamp) return new Response(null, { status: 409 });
      this.scores.push({ ...score, column });
      this.#take(column, score);
      return new Response(null, { status: 204 });
    }
    if (request.method === "GET" && url.pathname === "/members") return this.#members(request, url, scopes);
    if (request.method === "GET" && /^\/columns(?:\/|$)/.test(url.pathname))
      return this.#gradebook(request, url, scopes);
    return new Response(null, { status: 404 });
  }

  /** A score becomes the result of its column, in the points of the column (section 3.4.3); a score without a number clears it. */
  #take(column: string, { userId, scoreGiven, scoreMaximum = 1 }: TakenScore): void {
    const { maximum } = this.columns.get(column) ?? { maximum: 100 };
    const points = scoreGiven === undefined ? null : Number(((scoreGiven * maximum) / scoreMaximum).toFixed(2));
    this.grade(column, userId, points, maximum);
  }

  /** A teacher gives somebody points in a column. */
  grade(column: string, user: string, resultScore: number | null, resultMaximum?: number): void {
    const results = this.results.get(column) ?? new Map<string, Result>();
    results.set(user, { resultScore, ...(resultMaximum === undefined ? {} : { resultMaximum }) });
    this.results.set(column, results);
  }

  /** The address of a column, which is the id of its line item. */
  column(name: string): string {
    return `https://${this.host}/columns/${name}?type_id=5`;
  }

  /** Columns (section 3.2), and results of one of them (section 3.3), page after page. */
  #gradebook(request: Request, url: URL, scopes: readonly string[]): Response {
    const column = /^\/columns\/([^/]+)\/results$/.exec(url.pathname)?.[1];
    if (column === undefined && url.pathname !== "/columns") return new Response(null, { status: 404 });
    const kind = column === undefined ? "lineitem" : "result";
    if (!scopes.includes(`https://purl.imsglobal.org/spec/lti-ags/scope/${kind}.readonly`)) {
      return new Response(null, { status: 403 });
    }
    const type = `application/vnd.ims.lis.v2.${kind}container+json`;
    if (request.headers.get("accept") !== type) return new Response(null, { status: 406 });
    if (this.needsQuery && url.searchParams.get("type_id") !== "5") {
      return new Response("the query is lost", { status: 404 });
    }
    if (column !== undefined) {
      this.resultPages.push(`${column}${url.searchParams.get("page") ?? ""}`);
      if (this.closedColumns.has(column)) return new Response(null, { status: 403 });
    }
    const all: object[] =
      column === undefined
        ? [...this.columns].map(([name, { label, maximum }]) => {
            return { id: this.column(name), label, scoreMaximum: maximum };
          })
        : [...(this.results.get(column) ?? [])].map(([userId, result], n) => {
            return { id: `${this.column(column)}#${n}`, scoreOf: this.column(column), userId, ...result };
          });
    const page = Number(url.searchParams.get("page") ?? 0);
    const size = this.resultsPerPage;
    const next = new URL(url);
    next.searchParams.set("page", String(page + 1));
    const isMore = all.length > (page + 1) * size;
    return new Response(JSON.stringify(all.slice(page * size, (page + 1) * size)), {
      headers: { "content-type": type, ...(isMore ? { link: `<${next.href}>; rel="next"` } : {}) },
    });
  }

  /** The members of a course, two a page (Names and Role Provisioning Services 2.0, section 2.4). */
  #members(request: Request, url: URL, scopes: readonly string[]): Response {
    const type = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json";
    const scope = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly";
    if (!scopes.includes(scope)) return new Response(null, { status: 403 });
    if (request.headers.get("accept") !== type) return new Response(null, { status: 406 });
    this.memberPages.push(url.search);
    const page = Number(url.searchParams.get("page") ?? 0);
    const isPart = url.searchParams.has("since");
    const all = isPart ? this.changed : this.members;
    const links = [`<https://${this.host}/members?course=1&since=1>; rel="differences"`];
    if (all.length > (page + 1) * 2) {
      links.unshift(`<${this.nextPage ?? `https://${this.host}/members?course=1&page=${page + 1}`}>; rel="next"`);
    }
    const body = { id: request.url, context: { id: "course-1" }, members: all.slice(page * 2, (page + 1) * 2) };
    return new Response(JSON.stringify(body), {
      headers: {
        "content-type": type,
        ...(this.tellsDifferences || links.length > 1
          ? { link: links.slice(0, this.tellsDifferences ? 2 : 1).join(", ") }
          : {}),
      },
    });
  }

  /** What a launch says of the list of members (section 3). */
  roster(): Claims {
    return {
      "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice": {
        context_memberships_url: `https://${this.host}/members?course=1`,
        service_versions: ["2.0"],
      },
    };
  }

  /** What a launch says of the column of a link (Assignment and Grade Services 2.0, section 3.1). */
  endpoint(column: string, scopes = ["https://purl.imsglobal.org/spec/lti-ags/scope/score"]): Claims {
    return {
      "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": {
        scope: scopes,
        lineitems: `https://${this.host}/columns?type_id=5`,
        lineitem: `https://${this.host}/columns/${column}?type_id=5`,
      },
    };
  }

  /** Third-party initiated login (Security Framework 1.0, section 5.1.1.1). */
  loginParams(placed: Placed, rest: Record<string, string> = {}): URLSearchParams {
    return new URLSearchParams({
      iss: this.registered.issuer,
      login_hint: "user-hint",
      target_link_uri: placed.target,
      lti_message_hint: "message-hint",
      client_id: this.registered.client_id,
      ...rest,
    });
  }

  /** Takes the tool's authentication request (section 5.1.1.2). @throws where it is not as the standard says. */
  accept(address: string): AuthRequest {
    const url = new URL(address);
    const own = new URL(this.registered.auth_url);
    if (url.origin !== own.origin || url.pathname !== own.pathname) throw new Error(`sent to ${address}`);
    for (const [name, value] of own.searchParams) {
      if (url.searchParams.get(name) !== value) throw new Error(`lost the parameter ${name}`);
    }
    const wanted = {
      scope: "openid",
      response_type: "id_token",
      response_mode: "form_post",
      prompt: "none",
      client_id: this.registered.client_id,
      login_hint: "user-hint",
      lti_message_hint: "message-hint",
    };
    for (const [name, value] of Object.entries(wanted)) {
      if (url.searchParams.get(name) !== value) throw new Error(`${name} is ${url.searchParams.get(name)}`);
    }
    const [state, nonce, redirect_uri] = ["state", "nonce", "redirect_uri"].map((name) => url.searchParams.get(name));
    if (!state || !nonce || !redirect_uri) throw new Error("state, nonce or redirect_uri is missing");
    return { state, nonce, redirect_uri };
  }

  /** The claims of a resource link launch (LTI 1.3 core, section 5.3). */
  claims(request: AuthRequest, person: Person, placed: Placed): Claims {
    const now = Math.floor(Date.now() / 1_000);
    return {
      iss: this.registered.issuer,
      aud: this.registered.client_id,
      sub: person.sub,
      exp: now + 3_600,
      iat: now,
      nonce: request.nonce,
      ...(person.name === undefined ? {} : { name: person.name }),
      [`${CLAIM}/deployment_id`]: this.registered.deployments[0],
      [`${CLAIM}/message_type`]: "LtiResourceLinkRequest",
      [`${CLAIM}/version`]: "1.3.0",
      [`${CLAIM}/target_link_uri`]: placed.target,
      [`${CLAIM}/resource_link`]: { id: placed.link ?? "link-1", title: null },
      [`${CLAIM}/roles`]: person.roles,
      [`${CLAIM}/context`]: { id: placed.context ?? "course-1", title: "A course", type: null },
      ...(placed.custom === undefined ? {} : { [`${CLAIM}/custom`]: placed.custom }),
    };
  }

  /** The claims of a deep linking request (Deep Linking 2.0, section 4.4). */
  choiceClaims(request: AuthRequest, person: Person, settings: Record<string, unknown> = {}): Claims {
    const placed = this.claims(request, person, { target: request.redirect_uri });
    const { [`${CLAIM}/resource_link`]: _, [`${CLAIM}/target_link_uri`]: __, ...rest } = placed;
    return {
      ...rest,
      [`${CLAIM}/message_type`]: "LtiDeepLinkingRequest",
      "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings": {
        deep_link_return_url: `https://${this.host}/deep-links?course=1`,
        accept_types: ["ltiResourceLink", "link"],
        accept_presentation_document_targets: ["iframe", "window"],
        accept_multiple: false,
        data: "opaque-data",
        ...settings,
      },
    };
  }

  /** Reads a tool's answer as section 4.5 says. @throws where it is not as the standard says. */
  async chosen(token: string, toolKeys: { keys: object[] }): Promise<Record<string, unknown>[]> {
    const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: toolKeys.keys as JWK[] }), {
      algorithms: ["RS256"],
      issuer: this.registered.client_id,
      audience: this.registered.issuer,
      requiredClaims: ["nonce", "iat", "exp"],
    });
    const wanted: Claims = {
      [`${CLAIM}/message_type`]: "LtiDeepLinkingResponse",
      [`${CLAIM}/version`]: "1.3.0",
      [`${CLAIM}/deployment_id`]: this.registered.deployments[0],
      "https://purl.imsglobal.org/spec/lti-dl/claim/data": "opaque-data",
    };
    for (const [name, value] of Object.entries(wanted)) {
      if (payload[name] !== value) throw new Error(`${name} is ${String(payload[name])}`);
    }
    return payload["https://purl.imsglobal.org/spec/lti-dl/claim/content_items"] as Record<string, unknown>[];
  }

  /** Signs as the platform, or with another key or algorithm. */
  async sign(claims: Claims, header: Record<string, string> = {}, key?: CryptoKey | Uint8Array): Promise<string> {
    const [own] = this.#keys;
    if (own === undefined) throw new Error("the platform has no key yet");
    return new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256", kid: own.kid, typ: "JWT", ...header })
      .sign(key ?? own.pair.privateKey);
  }
}

/** Name of a claim of LTI. */
export const claim = (name: string) => `${CLAIM}/${name}`;
