/** A site whose SIP Servers also speak TLS and WebSocket at their one address, with a certificate that is made for it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigObject } from '@holdfast/protocol';
import { makeCertificate, writeCertificate } from '../../apps/server/src/io/testing/make-certificate.ts';
import { freePorts } from './free-ports.ts';
import { OneSite } from './one-site.ts';

export interface SecuredSite {
  readonly site: OneSite;
  readonly ports: { readonly TLS: number; readonly WS: number; readonly WSS: number };
  /** What a phone has to trust, as a file and as text. */
  readonly caFile: string;
  readonly ca: string;
  /** Puts another certificate in its place, and gives that. */
  renew(): string;
  end(): Promise<void>;
}

/** A pair; started. */
export async function securedSite(agents: number): Promise<SecuredSite> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-secured-'));
  const make = () => makeCertificate({ names: ['127.0.0.1'] });
  const made = make();
  const files = writeCertificate(folder, made);
  const [tls, ws, wss] = (await freePorts(3)) as [number, number, number];
  const configure = (object: ConfigObject) => {
    if (object.objectType !== 'Application' || object.type !== 'SIPServer') return object;
    if (!object.name.startsWith('sip-north')) return object;
    const { TServer, holdfast, ...options } = object.options;
    const TLS = {
      ...{ 'sip-port-tls': String(tls), 'sip-tls-cert': files.certificate, 'sip-tls-cert-key': files.key },
    };
    const web = { 'sip-port-ws': String(ws), 'sip-port-wss': String(wss) };
    return {
      ...object,
      options: { ...options, TServer: { ...TServer, ...TLS }, holdfast: { ...holdfast, ...web } },
    };
  };
  const site = await OneSite.make({ agents, restarts: true, isPair: true, configure });
  await site.processes.start();
  return {
    ...{ site, ports: { TLS: tls, WS: ws, WSS: wss }, caFile: files.certificate, ca: made.certificate },
    renew() {
      const next = make();
      writeCertificate(folder, next);
      return next.certificate;
    },
    async end() {
      await site.end();
      site.remove();
      rmSync(folder, { recursive: true });
    },
  };
}
