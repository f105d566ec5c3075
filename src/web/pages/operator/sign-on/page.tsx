import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { request } from "../../../api/request.ts";
import { formatInstant, useLanguage } from "../../../i18n/index.ts";
import { useSignOnText } from "../../../i18n/sign-on.ts";
import { Page } from "../../../parts/page.tsx";
import { useHasRole } from "../../../session/hooks.ts";
import { ForbiddenPage } from "../../not-found.tsx";
import { Section, Table } from "../section.tsx";
import { ProviderForm } from "./form.tsx";
import { GroupRules } from "./rules.tsx";
import type { Providers } from "./types.ts";

/** Identity providers, what groups mean, and how the last sign-ins and syncs went. */
export default function SignOnPage() {
  const text = useSignOnText();
  const language = useLanguage();
  const isAdmin = useHasRole("admin");
  const [chosen, setChosen] = useState<string | null>(null);
  const providers = useQuery({
    queryKey: ["operator", "providers"],
    queryFn: () => request<Providers>("/identity-providers"),
    enabled: isAdmin,
  });
  if (!isAdmin) return <ForbiddenPage />;
  const instant = (at: string | null) => (at === null ? text.never : formatInstant(at, language));
  return (
    <Page title={text.title} lead={<p>{text.lead}</p>} wide>
      <div className="operator">
        <Section title={text.providers} lead={text.providersLead} query={providers}>
          {({ results }) => (
            <>
              {results.length === 0 ? (
                <p>{text.none}</p>
              ) : (
                <Table
                  label={text.providers}
                  head={[text.name, text.issuer, text.redirect, text.lastSignIn, text.lastFailure, text.edit]}
                >
                  {results.map((one) => (
                    <tr key={one.name}>
                      <td>{one.name}</td>
                      <td>{one.issuer}</td>
                      <td>{one.redirect_uri ?? text.noOrigin}</td>
                      <td>{instant(one.last_sign_in_at)}</td>
                      <td>
                        {instant(one.last_failure_at)} {one.last_failure}
                      </td>
                      <td>
                        <button type="button" className="button is-small" onClick={() => setChosen(one.name)}>
                          {text.edit}
                        </button>
                      </td>
                    </tr>
                  ))}
                </Table>
              )}
              <ProviderForm
                key={chosen ?? ""}
                provider={results.find(({ name }) => name === chosen) ?? null}
                close={() => setChosen(null)}
              />
            </>
          )}
        </Section>
        <GroupRules sources={providers.data?.results.map(({ name }) => name) ?? []} />
      </div>
    </Page>
  );
}
