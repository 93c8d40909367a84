import { describeCases } from './cases.ts';

const CONFIGURATION = `
units:
  web: {command: sleep 1000}
  idle: {command: sleep 1000, enabled: false}
  late: {command: sleep 1000, needs: [idle], enabled: false}
`;

describeCases('what List says of an earlier time', 'history.py', { config: CONFIGURATION });
