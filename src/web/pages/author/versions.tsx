import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useVersions } from "../../api/queries.ts";
import { request } from "../../api/request.ts";
import { formatInstant, useLanguage, useMessages } from "../../i18n/index.ts";
import { FaultNote, Loading } from "../../parts/fault.tsx";
import { type Policy, refreshCourse } from "./publish.ts";

/** Every version, newest first; any can become the active one again, or be taken up in the editor. */
export function Versions(props: { course: string; policy: Policy; onLoad: (version: number) => void }) {
  const { course, policy, onLoad } = props;
  const messages = useMessages();
  const language = useLanguage();
  const versions = useVersions(course);
  const client = useQueryClient();
  const activate = useMutation({
    mutationFn: (version: number) =>
      request<{ version: number }>(`/courses/${course}/versions/${version}/activate`, {
        method: "POST",
        body: { policy },
      }),
    onSuccess: () => refreshCourse(client, course),
  });
  return (
    <section aria-labelledby="versions">
      <h2 id="versions">{messages.versions}</h2>
      {versions.isPending ? <Loading /> : null}
      {versions.isError ? <FaultNote fault={versions.error} retry={() => void versions.refetch()} /> : null}
      {activate.isError ? <FaultNote fault={activate.error} /> : null}
      <p role="status">{activate.data === undefined ? null : messages.activated(activate.data.version)}</p>
      {versions.data?.length === 0 ? <p className="fine">{messages.noVersions}</p> : null}
      <ul className="versions">
        {versions.data?.map((version) => (
          <li key={version.version} data-version={version.version} data-active={version.is_active}>
            <div>
              <strong>{messages.versionN(version.version)}</strong>
              {version.is_active ? <span className="tag">✓ {messages.activeVersion}</span> : null}
              <p className="fine">
                {formatInstant(version.published_at, language)} · {messages.size(version.chapters, version.problems)}
                {version.note === null ? null : ` · ${version.note}`}
              </p>
            </div>
            <div className="actions">
              <button type="button" className="button is-small" onClick={() => onLoad(version.version)}>
                {messages.loadVersion}
                <span className="visually-hidden"> ({messages.versionN(version.version)})</span>
              </button>
              {version.is_active ? null : (
                <button
                  type="button"
                  className="button is-small"
                  aria-disabled={activate.isPending}
                  onClick={() => {
                    if (!activate.isPending) activate.mutate(version.version);
                  }}
                >
                  {messages.activate}
                  <span className="visually-hidden"> ({messages.versionN(version.version)})</span>
                </button>
              )}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
