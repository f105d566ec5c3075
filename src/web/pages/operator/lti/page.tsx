import { useQuery } from "@tanstack/react-query";
import { request } from "../../../api/request.ts";
import { useLanguage } from "../../../i18n/index.ts";
import { useLtiText } from "../../../i18n/lti.ts";
import { FaultNote, Loading } from "../../../parts/fault.tsx";
import { Page } from "../../../parts/page.tsx";
import { useHasRole } from "../../../session/hooks.ts";
import { ForbiddenPage } from "../../not-found.tsx";
import { LTI_KEY, type Platforms, type Tool, useLtiWrite, whenIn } from "./api.ts";
import { ByHandForm, ByLinkForm } from "./forms.tsx";
import { PlatformLine } from "./platform-line.tsx";

/** Other platforms: what to enter there, which are registered here, and how the last of everything went. */
export default function LtiPage() {
  const text = useLtiText();
  const isAdmin = useHasRole("admin");
  const platforms = useQuery({
    queryKey: [...LTI_KEY, "platforms"],
    queryFn: () => request<Platforms>("/lti/platforms"),
    enabled: isAdmin,
  });
  if (!isAdmin) return <ForbiddenPage />;
  return (
    <Page title={text.title} lead={<p>{text.lead}</p>} wide>
      {platforms.isPending ? <Loading /> : null}
      {platforms.isError ? <FaultNote fault={platforms.error} retry={() => void platforms.refetch()} /> : null}
      {platforms.data?.results.length === 0 ? <p>{text.none}</p> : null}
      <ul className="members">
        {platforms.data?.results.map((platform) => (
          <PlatformLine key={platform.id} platform={platform} />
        ))}
      </ul>
      <ToolPart />
      <ByLinkForm />
      <ByHandForm />
    </Page>
  );
}

function ToolPart() {
  const text = useLtiText();
  const tool = useQuery({ queryKey: [...LTI_KEY, "tool"], queryFn: () => request<Tool>("/lti/tool") });
  if (!tool.isSuccess) return tool.isError ? <FaultNote fault={tool.error} /> : <Loading />;
  const { enabled, login_url, launch_url, jwks_url, link_url, keys } = tool.data;
  return (
    <section>
      <h2>{text.tool}</h2>
      {enabled ? null : <p className="note is-bad">{text.off}</p>}
      <dl>
        {(
          [
            [text.login, login_url],
            [text.launch, launch_url],
            [text.keys, jwks_url],
            [text.link, link_url],
          ] as const
        ).map(([name, address]) =>
          address === null ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <code>{address}</code>
              </dd>
            </div>
          ),
        )}
      </dl>
      <Keys keys={keys} />
    </section>
  );
}

function Keys({ keys }: { keys: Tool["keys"] }) {
  const text = useLtiText();
  const language = useLanguage();
  const write = useLtiWrite(({ path, method }: { path: string; method: "POST" | "DELETE" }) =>
    request<Tool>(path, { method }),
  );
  const change = (given: Parameters<typeof write.mutate>[0], sure?: string) => {
    if (!write.isPending && (sure === undefined || window.confirm(sure))) write.mutate(given);
  };
  return (
    <>
      {keys.length === 0 ? <p>{text.noKey}</p> : null}
      {keys.map(({ kid, created_at, signs }) => (
        <p key={kid}>
          {(signs ? text.signing : text.otherKey)(whenIn(language, created_at, text.never))} <code>{kid}</code>{" "}
          <button
            type="button"
            className="button is-small"
            aria-label={`${text.retire}: ${kid}`}
            aria-disabled={write.isPending}
            onClick={() => change({ path: `/lti/keys/${kid}`, method: "DELETE" }, text.retireSure)}
          >
            {text.retire}
          </button>
        </p>
      ))}
      <p>
        <button
          type="button"
          className="button is-small"
          aria-disabled={write.isPending}
          onClick={() => change({ path: "/lti/keys", method: "POST" })}
        >
          {text.rotate}
        </button>
      </p>
      {write.isError ? <FaultNote fault={write.error} /> : null}
    </>
  );
}
