import { describeCases } from './cases.ts';

describeCases('looking', 'looking.py');
