import { describeCases } from './cases.ts';

describeCases('clients that are too many', 'refused.py', { descriptors: 1024 });
