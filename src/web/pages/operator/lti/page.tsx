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
  const language = useLanguage();
  const tool = useQuery({ queryKey: [...LTI_KEY, "tool"], queryFn: () => request<Tool>("/lti/tool") });
  const rotate = useLtiWrite(() => request<Tool>("/lti/keys", { method: "POST" }));
  if (!tool.isSuccess) return tool.isError ? <FaultNote fault={tool.error} /> : <Loading />;
  const { enabled, login_url, launch_url, jwks_url, link_url, keys } = tool.data;
  const signing = keys.find(({ signs }) => signs);
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
      <p>
        {signing === undefined ? text.noKey : text.signing(whenIn(language, signing.created_at, text.never))}{" "}
        <button
          type="button"
          className="button is-small"
          aria-disabled={rotate.isPending}
          onClick={() => {
            if (!rotate.isPending) rotate.mutate(undefined);
          }}
        >
          {text.rotate}
        </button>
      </p>
      {rotate.isError ? <FaultNote fault={rotate.error} /> : null}
    </section>
  );
}
