/** Colours by what a stage holds; the same in all graphs. */
export const HOLD_COLOURS = {
  no: { fill: '#ddeefb', line: '#0a4680' },
  may: { fill: '#fff3c4', line: '#7a5a00' },
  yes: { fill: '#fddcb5', line: '#8a3b00' }
} as const
