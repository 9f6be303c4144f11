/** Query parameters whose values are credentials, by their names in lower case. */
const SECRET =
  /([?&](?:access_token|api_?key|apikey|auth|awsaccesskeyid|client_secret|id_token|jwt|key|password|pwd|refresh_token|secret|sig|signature|token|x-amz-(?:credential|security-token|signature)|x-goog-signature)=)[^&#]+/gi

/** Returns a target or URL as spans show it: values that look like credentials are replaced. */
export function safeUrl(url: string): string {
  return url.includes('?') ? url.replace(SECRET, '$1REDACTED') : url
}
