import { describeCases } from './cases.ts';

describeCases('daemons', 'daemons.py');
